"""The recurring job that erases contacts a fixed number of days after the end of their use (D49)."""

from __future__ import annotations

import asyncio
import uuid

from connect_appointments.core.model import Actor
from connect_appointments.jobs.kinds import WORKER
from connect_appointments.jobs.recurring import Ran, RecurringJob
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.recurring_jobs import RecurringClaim
from connect_appointments.usecases.contact_erasures import Ages, erase_due

ERASE_CONTACTS = "erase-contacts"
INTERVAL_SECONDS = 3600


class EraseContacts:
    """Erases contacts, a batch of orders or appointments per run."""

    def __init__(self, database: Database, ages: Ages) -> None:
        """`ages`: when contacts end."""
        self._database = database
        self._ages = ages

    def job(self) -> RecurringJob:
        """The recurring job."""
        return RecurringJob(ERASE_CONTACTS, INTERVAL_SECONDS, self.run)

    async def run(self, claimed: RecurringClaim) -> Ran:
        """Erase one batch; the next batch follows at once until the pass is complete."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        actor = Actor(WORKER, WORKER.name, str(uuid.uuid4()))
        _, cursor = await erase_due(self._database, actor, claimed.cursor, self._ages)
        if cursor is not None:
            await asyncio.sleep(clock() - begun)  # half of the time is for callers, also on a slow database
        return Ran(cursor, has_more=cursor is not None)
