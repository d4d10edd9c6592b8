"""Recurring jobs as rows: each is leased to one worker at a time, and keeps a cursor from run to run."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connect_appointments.store.columns import database_now, seconds_from_now
from connect_appointments.store.statements import param
from connect_appointments.store.tables import recurring_jobs
from connect_appointments.store.transaction import Transaction, first


class RecurringClaim(NamedTuple):
    """A claimed recurring job.

    lease_end: the end of the lease by the database's clock; name and lease_end together identify the claim.
    cursor: how far the job has come; None before its first run.
    """

    name: str
    lease_end: datetime
    cursor: str | None


@cache
def _claim_statement(dialect: str) -> Any:
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    lease_end = seconds_from_now(param("lease_seconds", sa.Float()))
    statement = insert(recurring_jobs).values(name=param("name", sa.Text()), due_at=lease_end)
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"due_at": statement.excluded.due_at},
        where=recurring_jobs.c.due_at <= database_now(),
    ).returning(recurring_jobs.c.due_at, recurring_jobs.c.cursor)


_is_claimed = sa.and_(
    recurring_jobs.c.name == param("name", sa.Text()),
    recurring_jobs.c.due_at == param("lease_end", recurring_jobs.c.due_at.type),
)
_CURSOR = {"cursor": param("cursor", sa.Text())}
_DUE = {"due_at": seconds_from_now(param("seconds", sa.Float()))}
_SAVE, _POSTPONE, _FINISH = (
    sa.update(recurring_jobs).where(_is_claimed).values(values).returning(recurring_jobs.c.name)
    for values in (_CURSOR, _DUE, _CURSOR | _DUE)
)


async def claim(transaction: Transaction, name: str, *, lease_seconds: float) -> RecurringClaim | None:
    """Claim a recurring job, leased by the database's clock; None if it is not due or another worker has claimed it.

    A job without a row is due: its row is inserted. A job whose lease has expired is due again.
    """
    row = await first(transaction, _claim_statement(transaction.dialect), name=name, lease_seconds=lease_seconds)
    return None if row is None else RecurringClaim(name, row.due_at, row.cursor)


async def save_cursor(transaction: Transaction, claimed: RecurringClaim, cursor: str | None) -> bool:
    """Set the cursor in the transaction of the changes that it stands for; the claim goes on.

    Returns whether the claim is still valid; if not, another worker has claimed the job since, and the caller must undo
    its changes.
    """
    return await _changed(transaction, _SAVE, claimed, cursor=cursor)


async def finish(transaction: Transaction, claimed: RecurringClaim, cursor: str | None, *, seconds: float) -> bool:
    """End a run: set the cursor, and make the job due in `seconds`; return whether the claim was still valid."""
    return await _changed(transaction, _FINISH, claimed, cursor=cursor, seconds=seconds)


async def postpone(transaction: Transaction, claimed: RecurringClaim, *, seconds: float) -> bool:
    """End a failed run: make the job due in `seconds`; return whether the claim was still valid."""
    return await _changed(transaction, _POSTPONE, claimed, seconds=seconds)


async def _changed(transaction: Transaction, statement: Any, claimed: RecurringClaim, **values: Any) -> bool:
    found = await transaction.fetch(statement, name=claimed.name, lease_end=claimed.lease_end, **values)
    return len(found) == 1
