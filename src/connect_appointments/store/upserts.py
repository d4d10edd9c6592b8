"""Upserts: insert rows, or update the rows with known keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connect_appointments.store.columns import database_now
from connect_appointments.store.statements import given


@cache
def upsert_statement(
    dialect: str,
    table: sa.Table,
    columns: Sequence[str],
    *,
    key: Sequence[str],
    change: Sequence[str],
    moment: Sequence[str] = (),
) -> Any:
    """The statement that upserts rows with these columns.

    change: the columns to overwrite in a row with a known key; without columns, known rows are unchanged.
    moment: further columns, set to the database's clock.
    """
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = given(**{name: table.c[name].type for name in columns})
    # The WHERE clause is needed: without it, SQLite parses ON CONFLICT after a table as part of a join.
    values = sa.select(*(rows.c[name] for name in columns), *(database_now() for _ in moment)).where(sa.true())
    statement = insert(table).from_select([*columns, *moment], values)
    if not change:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    changes = {name: statement.excluded[name] for name in (*change, *moment)}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes)
