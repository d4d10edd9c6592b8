"""The rows that the links of a chain returned: in-memory temporary tables of a SQLite connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

TABLES, COLUMNS = 8, 32
"""Upper limits of the links of a chain and of the columns of a link."""

_metadata = sa.MetaData()
_tables = [
    # A BLOB column stores every value with its own type.
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
    """A link of a chain in the form that SQLite runs.

    statement: a query inserts its rows into the link's table itself.
    empty: deletes the rows of the table; None if the link returns no rows.
    keep: inserts one row into the table; None if the statement inserts the rows itself.
    """

    statement: Any
    empty: Any = None
    keep: Any = None


def step(number: int, statement: Any) -> Step:
    """The step of a link."""
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
    """The rows that a link returned, as a table that can be joined; None if the link returns no rows."""
    named = [
        sa.type_coerce(kept, column.type).label(str(column.key))
        for kept, column in zip(_tables[number].c, columns, strict=False)
    ]
    return sa.select(*named).subquery(name) if named else None
