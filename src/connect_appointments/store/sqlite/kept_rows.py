"""What the links of a chain have returned: the temporary tables of a SQLite connection, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

TABLES, COLUMNS = 8, 24
"""More than a chain has links, and more than a link returns columns."""

_metadata = sa.MetaData()
_tables = [
    # A BLOB column keeps every value as the type that it is.
    sa.Table(
        f"kept_{table}",
        _metadata,
        *(sa.Column(f"c{column}", sa.LargeBinary) for column in range(COLUMNS)),
        schema="temp",
    )
    for table in range(TABLES)
]
DEFINITIONS = [str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in _tables]


class Step(NamedTuple):
    """A link of a chain as SQLite runs it.

    statement: a query puts its rows into the link's table itself.
    empty: empties the table; None where the link returns no rows.
    keep: puts one row into the table; None where the statement does so.
    """

    statement: Any
    empty: Any = None
    keep: Any = None


def step(number: int, statement: Any) -> Step:
    """The step that runs a link."""
    columns = len(statement.exported_columns)
    if not columns:
        return Step(statement)
    kept = _tables[number]
    names = [column.name for column in kept.c][:columns]
    empty = sa.delete(kept)
    if isinstance(statement, sa.Select):
        return Step(sa.insert(kept).from_select(names, statement), empty)
    return Step(statement, empty, sa.insert(kept).values({name: sa.bindparam(name) for name in names}))


def rows(number: int, name: str, columns: Sequence[sa.ColumnElement[Any]]) -> Any:
    """The rows that a link has returned, to be joined like a table; None where it returns none."""
    named = [
        sa.type_coerce(kept, column.type).label(str(column.key))
        for kept, column in zip(_tables[number].c, columns, strict=False)
    ]
    return sa.select(*named).subquery(name) if named else None
