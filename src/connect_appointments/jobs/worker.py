"""The worker: claims jobs, runs them by kind, and postpones failed jobs."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connect_appointments.jobs.failures import reason_of, warn
from connect_appointments.jobs.kinds import JobKind, Outcome, PutOff, RetrySchedule
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.recurring import RecurringJob, RecurringLine
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import idempotency, jobs
from connect_appointments.store.queries.idempotency import KEY_LIFETIME
from connect_appointments.store.queries.jobs import Job, Postponed
from connect_appointments.store.transaction import Transaction
from connect_appointments.telemetry.metrics import JOB_FAILURES
from connect_appointments.telemetry.outage import Outage

FORGET_EVERY = timedelta(hours=1)

MAX_DOUBLINGS = 64
"""The delay reaches its maximum long before; after a thousand doublings, the number would overflow a float."""


class Worker:
    """Runs background work, with one loop per job kind, so that no kind waits for another."""

    def __init__(
        self,
        database: Database,
        kinds: Sequence[JobKind],
        clock: Callable[[], datetime],
        options: WorkerOptions,
        outage: Outage,
        recurring: Sequence[RecurringJob] = (),
    ) -> None:
        """Create the worker without starting it. `outage`: the database's outage, which logs its failures once."""
        self._database = database
        self._outage = outage
        self._clock = clock
        self._options = options
        self._next_forgetting = clock() + FORGET_EVERY
        self._lines = {kind.name: Line(database, kind, options, outage) for kind in kinds}
        self._recurring = {job.name: RecurringLine(database, job, options, outage) for job in recurring}

    def wake(self, kind: str) -> None:
        """Claim jobs of a kind now: a new job was committed."""
        self._lines[kind].wake()

    def stop(self) -> None:
        """Stop claiming jobs; `run` returns after the running jobs have finished."""
        for line in self._lines.values():
            line.stop()
        for recurring in self._recurring.values():
            recurring.stop()

    async def run(self) -> None:
        """Run until stopped."""
        forgetting = asyncio.create_task(self._forget_keys_for_ever())
        recurring = [line.run() for line in self._recurring.values()]
        await asyncio.gather(*(line.run() for line in self._lines.values()), *recurring)
        forgetting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await forgetting

    async def do(self, claimed: Sequence[Job]) -> None:
        """Run claimed jobs; failed jobs are postponed, and no exception is raised."""
        for name, line in self._lines.items():
            of_kind = [job for job in claimed if job.kind == name]
            if of_kind:
                await line.do(of_kind)

    async def recur(self, name: str) -> bool:
        """Run a recurring job if it is due; return whether it has more to do now."""
        return await self._recurring[name].run_once()

    async def _forget_keys_for_ever(self) -> None:
        while True:
            await self.forget_keys()
            await asyncio.sleep(self._options.poll_seconds)

    async def forget_keys(self) -> None:
        """Delete expired idempotency keys once an hour."""
        now = self._clock()
        if now < self._next_forgetting:
            return
        self._next_forgetting = now + FORGET_EVERY
        try:
            await self._database.write(lambda transaction: idempotency.forget(transaction, now - KEY_LIFETIME))
        except Exception as error:  # noqa: BLE001 - it will be tried again in an hour
            warn(self._outage, "keys-not-forgotten", error)


class Line:
    """The loop of one job kind: claims jobs in groups, at most as many as there are free slots."""

    def __init__(self, database: Database, kind: JobKind, options: WorkerOptions, outage: Outage) -> None:
        """Create the loop without starting it."""
        self._database = database
        self._outage = outage
        self._kind = kind
        self._options = options
        self._woken = asyncio.Event()
        self._stopping = False
        self._free = kind.slots
        self._claimed_at = 0.0
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Claim jobs now."""
        self._woken.set()

    def stop(self) -> None:
        """Stop claiming jobs."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Claim and run jobs until stopped, then finish the running jobs."""
        while not self._stopping:
            self._woken.clear()
            if not await self._claim():
                await self._wait()
            await self._gather()
        if self._running:
            await asyncio.wait(self._running)

    async def _gather(self) -> None:
        """Wait for the minimum time between claims, so that one claim takes all jobs added meanwhile."""
        since = asyncio.get_running_loop().time() - self._claimed_at
        await asyncio.sleep(self._options.gather_seconds - since)

    async def _claim(self) -> bool:
        """Claim as many jobs as there are free slots; return False if no further jobs are due or no slot is free."""
        free = self._free
        if free == 0:
            return False
        self._claimed_at = asyncio.get_running_loop().time()
        try:
            claimed = await self._database.write(self._claim_free, batch=True, one_statement=True)
        except Exception as error:  # noqa: BLE001 - whatever it is may pass, and a worker that ended would not see it
            warn(self._outage, "jobs-not-claimed", error, kind=self._kind.name)
            return False
        self._outage.over()
        if claimed:
            self._free -= len(claimed)
            task = asyncio.create_task(self._do_and_free(claimed))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed) == free

    async def _claim_free(self, transaction: Transaction) -> Sequence[Job]:
        return await jobs.claim(
            transaction, self._kind.claim, limit=self._free, lease_seconds=self._options.lease_seconds
        )

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.poll_seconds * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter
                await self._woken.wait()

    async def _do_and_free(self, claimed: Sequence[Job]) -> None:
        try:
            await self.do(claimed)
        finally:
            if self._free == 0:
                self.wake()  # some due jobs may have had no free slot
            self._free += len(claimed)

    async def do(self, claimed: Sequence[Job]) -> None:
        """Run claimed jobs; failed jobs are postponed, and no exception is raised."""
        try:
            outcomes: Sequence[Outcome] = await self._kind.run(claimed)
        except Exception as error:  # noqa: BLE001 - a workforce system may fail in any way; the jobs must live on
            outcomes = [error] * len(claimed)
        left = [(job, outcome) for job, outcome in zip(claimed, outcomes, strict=True) if outcome is not None]
        if left:
            await self._put_off(left)

    async def _put_off(self, left: Sequence[tuple[Job, PutOff | Exception]]) -> None:
        for job, outcome in left:
            if isinstance(outcome, Exception):
                self._note(job, outcome)
        retry = self._kind.retry
        given_up = [job for job, outcome in left if isinstance(outcome, Exception) and _is_last(retry, job)]
        later = [_postponed(retry, job, outcome) for job, outcome in left if job not in given_up]
        try:
            if given_up:
                await self._kind.on_last_failure(given_up)
            if later:
                await self._database.write(lambda transaction: jobs.postpone(transaction, later), batch=True)
            if any(one.seconds == 0 for one in later):
                self.wake()
        except Exception as failure:  # noqa: BLE001 - its lease runs out, and a worker claims it again
            warn(self._outage, "jobs-left-to-their-leases", failure, kind=self._kind.name)

    def _note(self, job: Job, error: Exception) -> None:
        JOB_FAILURES.labels(job.kind).inc()
        about = {"kind": job.kind, "job": job.id, "appointment_request": job.request_id, "request_id": job.x_request_id}
        warn(self._outage, "job-failed", error, tries=job.tries, **about)


def _is_last(retry: RetrySchedule, job: Job) -> bool:
    return retry.tries is not None and job.tries >= retry.tries


def _postponed(retry: RetrySchedule, job: Job, outcome: PutOff | Exception) -> Postponed:
    if isinstance(outcome, PutOff):
        return Postponed(job, outcome.seconds, None)
    doublings = min(job.tries - 1, MAX_DOUBLINGS)
    longest = min(retry.longest_seconds, retry.first_seconds * 2**doublings)
    return Postponed(job, longest * random.uniform(0.5, 1), reason_of(outcome))  # noqa: S311 - jitter
