"""Background work: looking up slots and booking them. Every job is a row, so that nothing is lost with a process."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core import errors
from connect_appointments.core.lifecycle import BOOKED, SEARCH_FAILED, SLOT_REFUSED
from connect_appointments.core.model import Actor, BookingState, Operator, Order
from connect_appointments.store import bookings, idempotency, jobs, requests, searches
from connect_appointments.store.bookings import Attempt
from connect_appointments.store.engine import Database
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.store.idempotency import KEY_LIFETIME
from connect_appointments.store.jobs import Job, JobKind
from connect_appointments.store.searches import Searched, Subject
from connect_appointments.store.unreachable import note_unreachable
from connect_appointments.telemetry.metrics import JOB_FAILURES
from connect_appointments.telemetry.outage import Outage
from connect_appointments.workforce.port import Workforce

log = structlog.get_logger(__name__)

FORGET_EVERY = timedelta(hours=1)

WORKER = Operator("worker")

MAX_DOUBLINGS = 64
"""Longer than any longest wait; a job tried a thousand times would ask for a number that no float holds."""
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class WorkerOptions:
    """How the work is done.

    slots: jobs at once.
    lease_seconds: how long a claimed job is this worker's; the workforce system has four fifths of it to answer.
    poll_seconds: how often to look for jobs that other processes left.
    search_tries: a search that failed so often has failed for good; a booking is tried until it is decided.
    backoff_seconds: wait after the first failure, doubled with each further one.
    max_backoff_seconds: the longest wait.
    """

    slots: int = 32
    lease_seconds: float = 30
    poll_seconds: float = 1
    search_tries: int = 8
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60


class Worker:
    """Claims jobs, asks the workforce system, writes down what it said."""

    def __init__(
        self,
        database: Database,
        workforce: Workforce,
        clock: Callable[[], datetime],
        options: WorkerOptions,
        outage: Outage | None = None,
    ) -> None:
        """Start nothing yet.

        outage: of the database; None is one that nothing else knows of.
        """
        self._outage = outage or Outage()
        self._database = database
        self._workforce = workforce
        self._clock = clock
        self._options = options
        self._news = asyncio.Event()
        self._stopping = False
        self._next_forgetting = clock() + FORGET_EVERY
        self._running: set[asyncio.Task[None]] = set()
        self._subjects = GroupCommit[Job, Subject](self._read_subjects)
        self._searches = GroupCommit[Searched, bool](self._finish_searches)

    def wake(self) -> None:
        """Look for jobs now: something was just committed, or a place came free."""
        self._news.set()

    def stop(self) -> None:
        """Claim nothing more; what is under way is finished by `run`."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Work until stopped."""
        while not self._stopping:
            self._news.clear()
            await self._forget_keys()
            if not await self._claim():
                await self._wait_for_news()
        if self._running:
            await asyncio.wait(self._running)

    async def _forget_keys(self) -> None:
        """Once an hour, forget the idempotency keys that are no longer good."""
        now = self._clock()
        if now < self._next_forgetting:
            return
        self._next_forgetting = now + FORGET_EVERY
        try:
            await self._database.write(lambda connection: idempotency.forget(connection, now - KEY_LIFETIME))
        except Exception as error:  # noqa: BLE001 - it will be tried again in an hour
            self._warn("keys-not-forgotten", error)

    async def _claim(self) -> bool:
        """Claim as many jobs as there are free places; False when it is time to wait."""
        free = self._options.slots - len(self._running)
        if free == 0:
            return False
        try:
            found = await self._database.write(
                lambda connection: jobs.claim(connection, limit=free, lease_seconds=self._options.lease_seconds)
            )
        except Exception as error:  # noqa: BLE001 - whatever it is may pass, and a worker that ended would not see it
            self._warn("jobs-not-claimed", error)
            return False
        self._outage.over()
        for job in found:
            task = asyncio.create_task(self.do(job))
            self._running.add(task)
            task.add_done_callback(self._done)
        return bool(found)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake()

    async def _wait_for_news(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.poll_seconds * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter
                await self._news.wait()

    async def do(self, job: Job) -> None:
        """Do one claimed job; whatever goes wrong puts it off, and nothing is raised."""
        structlog.contextvars.bind_contextvars(request_id=job.trace, job=job.id, appointment_request=job.request_id)
        try:
            await self._handler(job)(job)
        except Exception as error:  # noqa: BLE001 - a workforce system may fail in any way; the job must live on
            await self._put_off(job, error)

    def _handler(self, job: Job) -> Callable[[Job], Awaitable[None]]:
        return self._search if job.kind is JobKind.SEARCH else self._book

    async def _search(self, job: Job) -> None:
        subject = await self._subjects.submit(job)
        async with self._time_limit():
            slots = await self._workforce.find_slots(subject.order.site, subject.date_from, self._clock())
        searched = Searched(job, slots)
        if not await self._searches.submit(searched):
            # Somebody holds its row: wait for it alone.
            await self._database.write_waiting(
                lambda connection: searches.finish(connection, _actor, [searched], wait=True)
            )

    async def _read_subjects(self, claimed: Sequence[Job]) -> Sequence[Subject]:
        ids = {job.request_id for job in claimed}
        found = await self._database.read(lambda connection: searches.subjects(connection, WORKER, ids))
        return [found[job.request_id] for job in claimed]

    async def _finish_searches(self, searched: Sequence[Searched]) -> Sequence[bool]:
        return await self._database.write(lambda connection: searches.finish(connection, _actor, searched, wait=False))

    async def _book(self, job: Job) -> None:
        order = (await self._subjects.submit(job)).order
        attempt = await self._database.read(lambda connection: _attempt_of(connection, job))
        async with self._time_limit():
            name = await self._workforce.reserve(attempt.id, order.site, attempt.slot, self._clock())

        async def work(connection: AsyncConnection) -> None:
            if not await jobs.finish(connection, job):
                return
            if name is None:
                await _refuse(connection, _actor(job), attempt)
            else:
                await _confirm(connection, _actor(job), attempt, order, name)

        await self._database.write(work)

    def _time_limit(self) -> asyncio.Timeout:
        return asyncio.timeout(self._options.lease_seconds * 0.8)

    async def _put_off(self, job: Job, error: Exception) -> None:
        reason = _reason(error)
        JOB_FAILURES.labels(job.kind).inc()
        self._warn("job-failed", error, kind=job.kind, tries=job.tries)
        try:
            await self._database.write(lambda connection: self._postpone(connection, job, reason))
        except Exception as failure:  # noqa: BLE001 - its lease runs out, and somebody takes it up
            self._warn("job-left-to-its-lease", failure)

    def _warn(self, event: str, error: Exception, **fields: object) -> None:
        """Log what failed, unless it did because the database is lost: that is logged once."""
        if not note_unreachable(self._outage, error):
            log.warning(event, reason=_reason(error), **fields)

    async def _postpone(self, connection: AsyncConnection, job: Job, reason: str) -> None:
        if job.kind is JobKind.SEARCH and job.tries >= self._options.search_tries:
            if await jobs.finish(connection, job):
                await requests.move(connection, _actor(job), job.request_id, SEARCH_FAILED)
            return
        doublings = min(job.tries - 1, MAX_DOUBLINGS)
        longest = min(self._options.max_backoff_seconds, self._options.backoff_seconds * 2**doublings)
        seconds = longest * random.uniform(0.5, 1)  # noqa: S311 - jitter
        await jobs.postpone(connection, job, seconds=seconds, error=reason)


def _reason(error: Exception) -> str:
    """What went wrong, in characters that every database and log can hold."""
    cause = error.__cause__ if isinstance(error, errors.Refusal) and error.__cause__ else error
    text = f"{type(cause).__name__}: {cause}".replace("\x00", "\\x00").encode("ascii", "backslashreplace")
    return text[:MAX_REASON_CHARACTERS].decode("ascii")


def _actor(job: Job) -> Actor:
    return Actor(WORKER, WORKER.name, job.trace)


async def _attempt_of(connection: AsyncConnection, job: Job) -> Attempt:
    if job.booking_id is None:
        raise LookupError(f"job {job.id} names no booking attempt")
    return await bookings.attempt(connection, job.booking_id)


async def _refuse(connection: AsyncConnection, actor: Actor, attempt: Attempt) -> None:
    await requests.move(connection, actor, attempt.request_id, SLOT_REFUSED, leaving_booking=attempt.id)
    await bookings.end(connection, attempt.id, BookingState.REFUSED)
    await requests.withdraw(connection, attempt.request_id, attempt.slot.id)


async def _confirm(connection: AsyncConnection, actor: Actor, attempt: Attempt, order: Order, name: str) -> None:
    await requests.move(connection, actor, attempt.request_id, BOOKED, leaving_booking=attempt.id)
    await bookings.end(connection, attempt.id, BookingState.BOOKED)
    await bookings.insert_appointment(connection, attempt, order.id, name)
