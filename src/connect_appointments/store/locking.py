"""Row locking: one statement locks the rows of a whole batch, with a result per command."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

import sqlalchemy as sa

from connect_appointments.store.chains import Chain
from connect_appointments.store.transaction import Transaction


class RowLocked(Enum):
    """Another transaction has locked the row that a command needs: the command leaves its batch and runs alone."""

    ROW_LOCKED = "row-locked"


ROW_LOCKED: Final = RowLocked.ROW_LOCKED
Locked: TypeAlias = Any
"""A locked row; `ROW_LOCKED` if another transaction has locked it; None if it does not exist."""


def is_row(found: Locked) -> bool:
    """Whether the result is a locked row."""
    return found is not None and found is not ROW_LOCKED


class Lock(NamedTuple):
    """The statements that lock the rows of a batch, in key order.

    skipping: skips rows that another transaction has locked.
    waiting: waits for locked rows, up to the connection's `lock_timeout`.
    last: locks the same rows as the final link of `waiting`, if `waiting` locks more than one table. It runs first, in
    a
    savepoint, so that the rows of the earlier tables are not locked during the wait.
    """

    skipping: sa.Select[Any] | Chain
    waiting: sa.Select[Any] | Chain
    last: sa.Select[Any] | Chain | None = None


def lock_statements(
    rows: sa.TableValuedAlias,
    source: sa.FromClause,
    columns: Sequence[sa.ColumnElement[Any]],
    *,
    locked: sa.Table,
    there: sa.ColumnElement[bool],
    **strength: bool,
) -> Lock:
    """The statements that lock rows of one table.

    rows: the rows of the batch.
    source: these rows, joined to the table whose rows are locked and to any tables that are only read.
    columns: the columns returned per locked row; only columns of the locked table are guaranteed to be current.
    there: the condition that the row exists, even if another transaction has locked it.
    strength: `read` and `key_share`, the arguments of SQLAlchemy's `with_for_update`.
    """

    def statement(*, skip_locked: bool) -> Any:
        query = sa.select(rows.c.place, *columns).select_from(source).order_by(*locked.primary_key.columns)
        seen = query.with_for_update(of=locked, skip_locked=skip_locked, **strength).cte("seen")
        is_locked = seen.c.place.is_not(None)
        return sa.select(
            rows.c.place,
            is_locked.label("is_locked"),
            sa.case((is_locked, sa.true()), else_=there).label("is_there"),
            *(seen.c[str(column.key)] for column in columns),
        ).select_from(rows.outerjoin(seen, seen.c.place == rows.c.place))

    return Lock(statement(skip_locked=True), statement(skip_locked=False))


async def lock(
    transaction: Transaction, statements: Lock, rows: Sequence[Sequence[Any]], *, wait: bool
) -> list[Locked]:
    """Lock one row per row of the batch; the results are in the same order.

    wait: wait for rows that another transaction has locked, or return `ROW_LOCKED` for them.
    """
    found: list[Locked] = [None] * len(rows)
    if wait and statements.last is not None and transaction.dialect == "postgresql":
        await _wait_without_locks(transaction, statements.last, rows)
    for row in await transaction.fetch(statements.waiting if wait else statements.skipping, rows):
        if row.is_locked:
            found[row.place - 1] = row
        elif row.is_there and not wait:
            found[row.place - 1] = ROW_LOCKED
    return found


async def _wait_without_locks(
    transaction: Transaction, statement: sa.Select[Any] | Chain, rows: Sequence[Sequence[Any]]
) -> None:
    """Wait until no other transaction has locked the rows; the locks are released with the savepoint."""
    await transaction.script("SAVEPOINT waiting")
    await transaction.fetch(statement, rows)
    await transaction.script("ROLLBACK TO SAVEPOINT waiting")
