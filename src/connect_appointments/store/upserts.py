"""Rows that are inserted, or changed where their key is known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connect_appointments.store.statements import given


@cache
def upsert_statement(
    dialect: str, table: sa.Table, columns: Sequence[str], *, key: Sequence[str], change: Sequence[str]
) -> Any:
    """The statement that inserts rows with these columns.

    change: the columns to overwrite in a row whose key is known; with none of them such a row stays as it is.
    """
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = given(**{name: table.c[name].type for name in columns})
    # A condition, for SQLite takes ON CONFLICT after a bare table for a part of a join.
    values = sa.select(*(rows.c[name] for name in columns)).where(sa.true())
    statement = insert(table).from_select(list(columns), values)
    if not change:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    changes = {name: statement.excluded[name] for name in change}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes)
