"""Reading the archive with the statements of the tables whose old rows it has (D50)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from connect_appointments.store.archive_tables import ARCHIVE
from connect_appointments.store.statements import Row
from connect_appointments.store.transaction import Transaction, first


def in_archive(statement: Any) -> Any:
    """The same statement or condition on the archive tables."""
    return visitors.replacement_traverse(statement, {}, _replaced)


def _replaced(element: Any, **_: Any) -> Any:
    if isinstance(element, sa.Table):
        return ARCHIVE.get(element)
    if isinstance(element, sa.Column) and element.table in ARCHIVE:
        return ARCHIVE[element.table].c[element.name]
    return None


@cache
def _everywhere(statement: Any) -> Any:
    # Both in one snapshot: a family that moves between the two is in exactly one of them.
    return sa.union_all(in_archive(statement), statement)


async def page_everywhere(
    transaction: Transaction, statement: Any, *, limit: int, newest_first: bool = False, **values: Any
) -> list[Row]:
    """The rows of a statement with the column `id`, ordered by it and limited to `limit`, of the tables and archive."""
    rows = await transaction.fetch(_page_everywhere(statement), limit=limit, **values)
    return sorted(rows, key=lambda row: row.id, reverse=newest_first)[:limit]


async def all_everywhere(transaction: Transaction, statement: Any) -> list[Row]:
    """The rows of a statement that is built for one call, from the tables and from the archive."""
    return await transaction.fetch(sa.union_all(statement, in_archive(statement)))


async def newest_everywhere(transaction: Transaction, statement: Any, *, limit: int) -> list[Row]:
    """The newest rows of a statement with the column `id`, which is built for one call, of the tables and archive."""
    newest = statement.order_by(sa.desc("id")).limit(limit)
    rows = await transaction.fetch(_union(newest))
    return sorted(rows, key=lambda row: row.id, reverse=True)[:limit]


@cache
def _page_everywhere(statement: Any) -> Any:
    return _union(statement)


def _union(statement: Any) -> Any:
    # SQLite allows an order and a limit in a part of a union only within a subquery.
    parts = [part.subquery() for part in (in_archive(statement), statement)]
    return sa.union_all(*(sa.select(*part.c) for part in parts))


async def first_everywhere(transaction: Transaction, statement: Any, **values: Any) -> Row | None:
    """The first row of a statement, from the tables or from the archive."""
    return await first(transaction, sa.union_all(statement, in_archive(statement)), **values)


async def fetch_everywhere(transaction: Transaction, statement: Any, keys: Sequence[Sequence[Any]]) -> list[Row]:
    """The rows of a statement that reads at most one row per key; keys without a row are looked for in the archive.

    statement: a select with the column `place`. It has the same cost as before when every key has a row.
    """
    rows = await transaction.fetch(statement, keys)
    if len(rows) == len(keys):
        return rows
    seen = {row.place for row in rows}
    missing = [place for place in range(1, len(keys) + 1) if place not in seen]
    older = await transaction.fetch(_everywhere(statement), [keys[place - 1] for place in missing])
    return [*rows, *(row._replace(place=missing[row.place - 1]) for row in older)]
