"""Jobs as rows: each job is leased to one worker at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now, seconds_from_now
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import jobs
from connect_appointments.store.transaction import Transaction, first

RELEASE_OFFER = "release-offer"
"""The kind of the job that releases an offer in the workforce system."""


class NewJob(NamedTuple):
    """A new job: its kind, and the rows that it is about.

    due_at: when the job is due, None for now.
    """

    kind: str
    request_id: int | None
    x_request_id: str
    booking_id: int | None = None
    due_at: datetime | None = None
    cancellation_id: int | None = None
    reschedule_id: int | None = None


class Job(NamedTuple):
    """A job as claimed by a worker.

    tries: number of claims, including this one; id and tries together identify the claim.
    context: the row that the kind's claim statement returned, with the data that the job needs.
    """

    id: int
    kind: str
    request_id: int | None
    booking_id: int | None
    x_request_id: str
    tries: int
    context: Row = None
    cancellation_id: int | None = None
    reschedule_id: int | None = None

    @property
    def key(self) -> tuple[int, int]:
        """The key of the claim."""
        return self.id, self.tries


_new = given(
    kind=sa.Text(),
    request_id=BigId,
    x_request_id=sa.Text(),
    booking_id=BigId,
    due_at=Instant(),
    cancellation_id=BigId,
    reschedule_id=BigId,
)
_COPIED = ("kind", "request_id", "x_request_id", "booking_id", "cancellation_id", "reschedule_id")
_INSERT = sa.insert(jobs).from_select(
    [*_COPIED, "tries", "due_at"],
    sa.select(
        *(_new.c[name] for name in _COPIED), sa.literal(0), sa.func.coalesce(_new.c.due_at, database_now())
    ).order_by(_new.c.place),
)
_done = given(id=BigId, tries=sa.Integer())


def finish_statement(ids: Any, tries: Any) -> Any:
    """The statement that deletes claimed jobs, and returns those that no other worker has claimed since.

    ids, tries: columns of the rows that identify the claims.
    """
    claims = sa.tuple_(jobs.c.id, jobs.c.tries).in_(sa.select(ids, tries))
    return sa.delete(jobs).where(claims).returning(jobs.c.id, jobs.c.tries)


_FINISH = finish_statement(_done.c.id, _done.c.tries)
_later = given(id=BigId, tries=sa.Integer(), seconds=sa.Float(), error=sa.Text())
_POSTPONE = (
    sa.update(jobs)
    .where(jobs.c.id == _later.c.id, jobs.c.tries == _later.c.tries)
    .values(due_at=seconds_from_now(_later.c.seconds), last_error=_later.c.error)
)
_ABOUT = ("request_id", "booking_id", "cancellation_id", "reschedule_id")
CLAIM_COLUMNS = (jobs.c.id, jobs.c.kind, *(jobs.c[name] for name in _ABOUT), jobs.c.x_request_id)


_lease_end = seconds_from_now(param("lease_seconds", sa.Float()))


def claim_statement(kind: str, context: Sequence[sa.ColumnElement[Any]], source: sa.FromClause) -> Chain:
    """The statement that leases due jobs of a kind, and returns the data that each of them needs.

    The error of the try before is deleted: a job with an error is a job that waits after a failure, and is not leased.

    context: columns of `source`, which is the jobs table joined to the rows that the jobs are about.
    """

    def build(link: Link) -> Any:
        due = link(
            "due",
            sa.select(*(column.label(f"job_{column.key}") for column in CLAIM_COLUMNS), *context)
            .select_from(source)
            .where(jobs.c.kind == kind, jobs.c.due_at <= database_now())
            .order_by(jobs.c.due_at)
            .limit(param("limit", sa.Integer()))
            .with_for_update(of=jobs, skip_locked=True),
        )
        leased = link(
            "leased",
            sa.update(jobs)
            .where(jobs.c.id == due.c.job_id)
            .values(tries=jobs.c.tries + 1, due_at=_lease_end, last_error=sa.null())
            .returning(jobs.c.id, jobs.c.tries),
        )
        return sa.select(leased.c.tries.label("job_tries"), *due.c).join(leased, leased.c.id == due.c.job_id)

    return Chain(build)


async def add(transaction: Transaction, wanted: Sequence[NewJob]) -> None:
    """Insert jobs, in the transaction that writes the rows they are about."""
    await transaction.execute(_INSERT, wanted)


async def claim(transaction: Transaction, statement: Chain, *, limit: int, lease_seconds: float) -> Sequence[Job]:
    """Claim up to `limit` due jobs, leased for `lease_seconds` by the database's clock.

    statement: the kind's `claim_statement`.
    A job whose lease has expired is due again: its worker was killed or paused.
    """
    return [
        Job(
            row.job_id,
            row.job_kind,
            x_request_id=row.job_x_request_id,
            tries=row.job_tries,
            context=row,
            **{name: getattr(row, f"job_{name}") for name in _ABOUT},
        )
        for row in await transaction.fetch(statement, limit=limit, lease_seconds=lease_seconds)
    ]


async def finish(transaction: Transaction, done: Sequence[Job]) -> set[tuple[int, int]]:
    """Delete finished jobs; return the keys of those that no other worker has claimed since."""
    rows = await transaction.fetch(_FINISH, [job.key for job in done])
    return {(row.id, row.tries) for row in rows}


class Postponed(NamedTuple):
    """A claimed job to be retried: the delay in seconds, and the error that caused the retry."""

    job: Job
    seconds: float
    error: str | None


async def postpone(transaction: Transaction, later: Sequence[Postponed]) -> None:
    """Postpone jobs for a retry, except those that another worker has claimed since."""
    await transaction.execute(_POSTPONE, [(*one.job.key, one.seconds, one.error) for one in later])


def bring_forward(request_ids: Any) -> Any:
    """The statement that makes the release of offers due now, before their holds end.

    request_ids: the query for the appointment-requests.
    """
    is_theirs = jobs.c.request_id.in_(request_ids)
    # A literal: with a parameter, no engine can plan with the partial index, and SQLite plans again at every run.
    kind = sa.literal(RELEASE_OFFER, literal_execute=True)
    return sa.update(jobs).where(jobs.c.kind == kind, is_theirs).values(due_at=database_now())


async def count(transaction: Transaction) -> int:
    """The number of jobs, due or leased."""
    row = await first(transaction, sa.select(sa.func.count().label("jobs")).select_from(jobs))
    return int(row.jobs) if row else 0
