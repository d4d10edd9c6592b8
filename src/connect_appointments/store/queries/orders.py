"""Orders: imported from the operator's systems, read-only for all other use cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.model import Order, Scope, Site
from connect_appointments.store.columns import DETAILS, BigId
from connect_appointments.store.locking import lock_statements
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.retention.archive import in_archive
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import orders
from connect_appointments.store.transaction import Transaction, first
from connect_appointments.store.upserts import upsert_statement

ROWS_A_STATEMENT = 500
"""Orders per statement; progress is reported after each statement."""

_SITE = ("time_zone", "state", "area")
_COLUMNS = ("id", "owner", *_SITE, *DETAILS)

_owned = given(id=BigId, owner=sa.Text())
_is_owned = sa.and_(orders.c.id == _owned.c.id, orders.c.owner == _owned.c.owner)
LOCK_OWNED = lock_statements(
    _owned,
    _owned.join(orders, _is_owned),
    [orders.c.id, *(orders.c[name] for name in _SITE)],
    locked=orders,
    there=sa.exists().where(_is_owned),
    read=True,
)
"""Locks orders by id and owner against a change of owner, without blocking other readers."""

_any = given(id=BigId)
LOCK_ANY = lock_statements(
    _any,
    _any.join(orders, orders.c.id == _any.c.id),
    [orders.c.id, orders.c.owner],
    locked=orders,
    there=sa.exists().where(orders.c.id == _any.c.id),
    key_share=True,
)
"""Locks orders by id, for an import that may change their owners."""

_occupied = given(order_id=BigId, by=sa.Integer())


def occupy_statement(rows: Any, by: Any) -> Any:
    """The statement that adds to the occupancy of orders, given by `order_id`, and returns their ids."""
    occupancy = orders.c.occupancy + by
    return sa.update(orders).where(orders.c.id == rows.c.order_id).values(occupancy=occupancy).returning(orders.c.id)


_OCCUPY = occupy_statement(_occupied, _occupied.c.by)


async def occupy(transaction: Transaction, changes: Mapping[int, int]) -> None:
    """Add to the occupancy of locked orders, by id: -1 for a refused booking attempt."""
    rows = [(order_id, by) for order_id, by in changes.items() if by]
    changed = await transaction.fetch(_OCCUPY, rows)
    if len(changed) != len(rows):
        raise AssertionError(f"the occupancy of {len(changed)} of {len(rows)} orders was changed")


async def get(transaction: Transaction, scope: Scope, order_id: int) -> Order | None:
    """The order; None if it does not exist in the scope."""
    row = await first(transaction, _visible_to(scope).where(orders.c.id == order_id))
    return None if row is None else from_row(row)


_order_id, _owner = param("order_id", BigId), param("owner", sa.Text())
_has_request = sa.exists().where(requests.c.order_id == _order_id, requests.c.owner == _owner)
_IS_KNOWN = sa.select(
    sa.or_(
        sa.exists().where(orders.c.id == _order_id, orders.c.owner == _owner),
        _has_request,
        in_archive(_has_request),
    ).label("is_known")
)


async def is_known_to(transaction: Transaction, owner: str, order_id: int) -> bool:
    """Whether the order, or an appointment-request of it, is the owner's; an appointment has such a request."""
    row = await first(transaction, _IS_KNOWN, owner=owner, order_id=order_id)
    return row is not None and bool(row.is_known)


async def page(transaction: Transaction, scope: Scope, *, after: int, limit: int) -> Sequence[Order]:
    """Up to `limit` orders with ids above `after`, by id."""
    query = _visible_to(scope).where(orders.c.id > after).order_by(orders.c.id).limit(limit)
    return [from_row(row) for row in await transaction.fetch(query)]


def _visible_to(scope: Scope) -> sa.Select[Any]:
    return sa.select(*(orders.c[name] for name in _COLUMNS)).where(visible(orders, scope))


async def upsert(transaction: Transaction, found: Sequence[Order]) -> None:
    """Insert orders, or overwrite known orders. The ids must be distinct."""
    statement = upsert_statement(
        transaction.dialect, orders, _COLUMNS, key=("id",), change=_COLUMNS[1:], moment=("imported_on",)
    )
    await transaction.execute(statement, [_to_row(order) for order in found])


async def is_empty(transaction: Transaction) -> bool:
    """Whether the table of orders is empty."""
    return await first(transaction, sa.select(orders.c.id).limit(1)) is None


def from_row(row: Row) -> Order:
    """The order from a row that has all columns of an order."""
    details = {name: getattr(row, name) for name in DETAILS}
    return Order(id=row.id, owner=row.owner, site=site_of(row), **details)


def site_of(row: Row) -> Site:
    """The site from a row that has all columns of a site."""
    return Site(row.time_zone, row.state, row.area)


def _to_row(order: Order) -> tuple[Any, ...]:
    site = (order.site.time_zone, order.site.state, order.site.area)
    return (order.id, order.owner, *site, *(getattr(order, name) for name in DETAILS))
