"""Work to be done in the background: every job is a row, leased to one worker at a time."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.store.tables import jobs, seconds_from_now, transaction_start


class JobKind(StrEnum):
    """What there is to do: look up slots, or book one."""

    SEARCH = "search"
    BOOK = "book"


class Job(NamedTuple):
    """One job as a worker claimed it; `tries` counts this claim, and names it."""

    id: int
    kind: JobKind
    request_id: int
    booking_id: int | None
    trace: str
    tries: int

    @property
    def key(self) -> Job:
        """Itself: one claim of one job."""
        return self


class Task(NamedTuple):
    """What a job is about: an appointment-request, and the booking attempt if it is to book."""

    request_id: int
    trace: str
    booking_id: int | None = None


async def add(connection: AsyncConnection, kind: JobKind, tasks: Sequence[Task]) -> None:
    """Ask for jobs of one kind, in the transaction of what they are about."""
    statement = sa.insert(jobs).values(kind=kind, tries=0, due_at=transaction_start())
    await connection.execute(statement, [task._asdict() for task in tasks])


async def claim(connection: AsyncConnection, *, limit: int, lease_seconds: float) -> Sequence[Job]:
    """Take up to `limit` jobs that are due and hold them for `lease_seconds` by the database's clock.

    A job whose lease has run out is due again: its worker was killed, or sleeps.
    """
    due = (
        sa.select(jobs.c.id)
        .where(jobs.c.due_at <= transaction_start())
        .order_by(jobs.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        sa.update(jobs)
        .where(jobs.c.id.in_(sa.select(due.c.id)))
        .values(tries=jobs.c.tries + 1, due_at=seconds_from_now(lease_seconds))
        .returning(*(jobs.c[name] for name in Job._fields))
    )
    rows = await connection.execute(statement)
    return [Job(row.id, JobKind(row.kind), row.request_id, row.booking_id, row.trace, row.tries) for row in rows]


async def finish(connection: AsyncConnection, job: Job) -> bool:
    """Take the job off the list; False when another worker claimed it since, and this one's work must not count."""
    return bool(await finish_many(connection, [job]))


async def finish_many(connection: AsyncConnection, done: Sequence[Job]) -> set[Job]:
    """Take jobs off the list; return those that no other worker claimed since."""
    claims = {(job.id, job.tries): job for job in done}
    statement = sa.delete(jobs).where(sa.tuple_(jobs.c.id, jobs.c.tries).in_(claims)).returning(jobs.c.id, jobs.c.tries)
    return {claims[row.id, row.tries] for row in await connection.execute(statement)}


async def postpone(connection: AsyncConnection, job: Job, *, seconds: float, error: str) -> None:
    """Try again later, unless another worker claimed it since."""
    statement = (
        sa.update(jobs)
        .where(jobs.c.id == job.id, jobs.c.tries == job.tries)
        .values(due_at=seconds_from_now(seconds), last_error=error)
    )
    await connection.execute(statement)


async def count(connection: AsyncConnection) -> int:
    """How many jobs there are, due or leased."""
    return int((await connection.execute(sa.select(sa.func.count()).select_from(jobs))).scalar_one())
