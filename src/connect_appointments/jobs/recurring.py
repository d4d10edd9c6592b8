"""Recurring jobs: work that is due again after an interval, in one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from connect_appointments.jobs.failures import warn
from connect_appointments.jobs.options import OF_LEASE, WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import recurring_jobs
from connect_appointments.store.queries.recurring_jobs import RecurringClaim
from connect_appointments.telemetry.metrics import JOB_FAILURES
from connect_appointments.telemetry.outage import Outage

RETRY_SECONDS = 60
"""The longest delay after a failure, and the longest time between two checks whether a job is due."""


class Ran(NamedTuple):
    """The result of a run.

    cursor: the cursor for the next run, None to start at the beginning.
    has_more: the job has more to do now: the next run does not wait for the interval.
    """

    cursor: str | None
    has_more: bool = False


@dataclass(frozen=True)
class RecurringJob:
    """A recurring job.

    name: the value of the `name` column.
    interval_seconds: the time from the end of a run to the next run.
    run: one run, shorter than four fifths of the lease. It gets the claim with the cursor of the run before; a run that
    changes rows in a transaction of its own can save its cursor there (`store.queries.recurring_jobs.save_cursor`).
    """

    name: str
    interval_seconds: float
    run: Callable[[RecurringClaim], Awaitable[Ran]]


class RecurringLine:
    """The loop of one recurring job."""

    def __init__(self, database: Database, job: RecurringJob, options: WorkerOptions, outage: Outage) -> None:
        """Create the loop without starting it."""
        self._database = database
        self._job = job
        self._options = options
        self._outage = outage
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Stop the loop after the current run."""
        self._stopped.set()

    async def run(self) -> None:
        """Run the job whenever it is due, until stopped."""
        while not self._stopped.is_set():
            if not await self.run_once():
                await self._wait()

    async def run_once(self) -> bool:
        """Run the job if it is due and no other worker runs it; return whether it has more to do now."""
        name, lease_seconds = self._job.name, self._options.lease_seconds
        try:
            claimed = await self._database.write(
                lambda transaction: recurring_jobs.claim(transaction, name, lease_seconds=lease_seconds)
            )
        except Exception as error:  # noqa: BLE001 - whatever it is may pass, and a loop that ended would not see it
            warn(self._outage, "jobs-not-claimed", error, kind=name)
            return False
        return claimed is not None and await self._run(claimed)

    async def _run(self, claimed: RecurringClaim) -> bool:
        try:
            async with asyncio.timeout(self._options.lease_seconds * OF_LEASE):
                ran = await self._job.run(claimed)
            return await self._finish(claimed, ran) and ran.has_more
        except Exception as error:  # noqa: BLE001 - a run may fail in any way; the next run tries again
            JOB_FAILURES.labels(self._job.name).inc()
            warn(self._outage, "recurring-job-failed", error, kind=self._job.name)
        await self._postpone(claimed)
        return False

    async def _finish(self, claimed: RecurringClaim, ran: Ran) -> bool:
        seconds = 0 if ran.has_more else self._job.interval_seconds
        return await self._database.write(
            lambda transaction: recurring_jobs.finish(transaction, claimed, ran.cursor, seconds=seconds)
        )

    async def _postpone(self, claimed: RecurringClaim) -> None:
        seconds = min(self._job.interval_seconds, RETRY_SECONDS)
        try:
            await self._database.write(
                lambda transaction: recurring_jobs.postpone(transaction, claimed, seconds=seconds)
            )
        except Exception as error:  # noqa: BLE001 - its lease runs out, and a worker claims it again
            warn(self._outage, "jobs-left-to-their-leases", error, kind=self._job.name)

    async def _wait(self) -> None:
        seconds = min(self._job.interval_seconds, RETRY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
