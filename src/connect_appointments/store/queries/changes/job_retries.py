"""The jobs of an appointment or of an appointment-request: make those due that wait after a failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import Scope
from connect_appointments.store.columns import database_now
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import appointments, cancellations, jobs, reschedules
from connect_appointments.store.transaction import Transaction


class FoundJob(NamedTuple):
    """A job.

    tries: the number of claims.
    last_error: the error after which the job waits; None if it does not wait after a failure.
    is_due: whether a worker can claim the job now.
    """

    id: int
    kind: str
    tries: int
    last_error: str | None
    is_due: bool


_COLUMNS = (
    *(jobs.c[name] for name in ("id", "kind", "tries", "last_error")),
    (jobs.c.due_at <= database_now()).label("is_due"),
)


def of_request(request_id: int) -> sa.ColumnElement[bool]:
    """The condition for the jobs of an appointment-request."""
    return jobs.c.request_id == request_id


def of_appointment(scope: Scope, appointment_id: int) -> sa.ColumnElement[bool]:
    """The condition for the jobs of an appointment, of its changes, and of the appointment-requests that became it."""

    def ids(table: sa.Table, column: str = "id", key: str = "appointment_id") -> Any:
        return sa.select(table.c[column]).where(table.c[key] == appointment_id, visible(table, scope))

    return sa.or_(
        jobs.c.request_id.in_(ids(requests)),
        jobs.c.booking_id.in_(ids(appointments, "booking_id", key="id")),
        jobs.c.cancellation_id.in_(ids(cancellations)),
        jobs.c.reschedule_id.in_(ids(reschedules)),
    )


async def make_due(transaction: Transaction, are_theirs: sa.ColumnElement[bool]) -> set[int]:
    """Make the jobs due that wait after a failure; return their ids.

    A leased job is never made due: a claim deletes the error in the statement that writes the lease, and only the end
    of a try writes an error, together with a new `due_at`. A row that a claim locks at the same moment is compared
    again after the claim, and has no error any more. A worker of an earlier release does not delete the error; its
    claim is protected by its number of tries, without which it finishes and postpones nothing.
    """
    waits = sa.and_(jobs.c.last_error.is_not(None), jobs.c.due_at > database_now())
    statement = sa.update(jobs).where(are_theirs, waits).values(due_at=database_now()).returning(jobs.c.id)
    return {row.id for row in await transaction.fetch(statement)}


async def read(transaction: Transaction, are_theirs: sa.ColumnElement[bool]) -> Sequence[FoundJob]:
    """The jobs, by id."""
    rows = await transaction.fetch(sa.select(*_COLUMNS).where(are_theirs).order_by(jobs.c.id))
    return [FoundJob(row.id, row.kind, row.tries, row.last_error, bool(row.is_due)) for row in rows]
