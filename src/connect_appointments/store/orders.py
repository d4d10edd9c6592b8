"""Orders: imported from the operator's systems, read by everything else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import Order, Scope, Site
from connect_appointments.store.failures import RowHeld
from connect_appointments.store.scope import visible
from connect_appointments.store.tables import orders

ROWS_A_STATEMENT = 500
"""How many to send before saying how far it has come."""


async def get(connection: AsyncConnection, scope: Scope, order_id: int) -> Order | None:
    """The order, or None when the scope has no such one."""
    query = sa.select(orders).where(orders.c.id == order_id, visible(orders, scope))
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else from_row(row)


async def get_many(connection: AsyncConnection, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], Order]:
    """The orders that are there, by id and owner."""
    query = sa.select(orders).where(sa.tuple_(orders.c.id, orders.c.owner).in_(keys))
    found = [from_row(row) for row in (await connection.execute(query)).mappings()]
    return {(order.id, order.owner): order for order in found}


async def may_be_pointed_at(connection: AsyncConnection, order_ids: Collection[int]) -> set[int]:
    """Those of the orders to which a new row can refer without waiting for another transaction."""
    query = sa.select(orders.c.id).where(orders.c.id.in_(order_ids)).order_by(orders.c.id)
    query = query.with_for_update(read=True, key_share=True, skip_locked=True)
    return set((await connection.execute(query)).scalars())


async def hold(connection: AsyncConnection, order_id: int, *, wait: bool = True) -> None:
    """Hold the row until the transaction ends, so that an order's appointment-requests are booked in turn.

    wait: wait while another transaction holds it, or raise `RowHeld`.
    """
    # No key changes, so rows that point at the order may come: else a worker that confirms a booking, and so holds
    # its appointment-request, would wait here for a caller who waits for that appointment-request.
    query = sa.select(orders.c.id).where(orders.c.id == order_id)
    query = query.with_for_update(key_share=True, skip_locked=not wait)
    if (await connection.execute(query)).first() is None:
        raise RowHeld


async def page(connection: AsyncConnection, scope: Scope, *, after: int, limit: int) -> Sequence[Order]:
    """Up to `limit` orders with ids above `after`, by id."""
    query = sa.select(orders).where(orders.c.id > after, visible(orders, scope)).order_by(orders.c.id).limit(limit)
    return [from_row(row) for row in (await connection.execute(query)).mappings()]


async def upsert(connection: AsyncConnection, found: Sequence[Order]) -> None:
    """Insert the orders, or overwrite those whose ids are known. No id may be there twice."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(orders)
    changes = {column.name: statement.excluded[column.name] for column in orders.c if column.name != "id"}
    rows = [_to_row(order) for order in found]
    if rows:
        await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes), rows)


async def is_empty(connection: AsyncConnection) -> bool:
    """Whether there is no order at all."""
    return (await connection.execute(sa.select(orders.c.id).limit(1))).first() is None


def from_row(row: sa.RowMapping) -> Order:
    """The order in a row that holds all its columns."""
    values = {column.name: row[column] for column in orders.c}
    site = Site(values.pop("time_zone"), values.pop("state"), values.pop("area"))
    return Order(site=site, **values)


def _to_row(order: Order) -> dict[str, Any]:
    values = asdict(order)
    return {**values.pop("site"), **values}
