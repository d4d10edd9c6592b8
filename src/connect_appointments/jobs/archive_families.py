"""The recurring job that moves families that ended long ago to the archive (D50)."""

from __future__ import annotations

import asyncio

from connect_appointments.jobs.recurring import Ran, RecurringJob
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.recurring_jobs import RecurringClaim
from connect_appointments.usecases.archives import archive_families

ARCHIVE_FAMILIES = "archive-families"
INTERVAL_SECONDS = 3600


class ArchiveFamilies:
    """Archives families, a batch of appointment-requests per run."""

    def __init__(self, database: Database, *, keep_days: int, assume_over_days: int) -> None:
        """`keep_days`: days from the end of a family until it moves."""
        self._database = database
        self._keep_days = keep_days
        self._assume_over_days = assume_over_days

    def job(self) -> RecurringJob:
        """The recurring job."""
        return RecurringJob(ARCHIVE_FAMILIES, INTERVAL_SECONDS, self.run)

    async def run(self, claimed: RecurringClaim) -> Ran:
        """Archive one batch; the next batch follows at once until the pass is complete."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        _, cursor = await archive_families(
            self._database,
            int(claimed.cursor or 0),
            keep_days=self._keep_days,
            assume_over_days=self._assume_over_days,
        )
        if cursor is None:
            return Ran(None)
        await asyncio.sleep(clock() - begun)  # half of the time is for callers, also on a slow database
        return Ran(str(cursor), has_more=True)
