"""The use cases of orders for the operator."""

from __future__ import annotations

from collections.abc import Sequence

from connect_appointments.core.model import Order, Scope
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders


async def list_orders(database: Database, scope: Scope, *, after: int, limit: int) -> Sequence[Order]:
    """Up to `limit` orders with ids above `after`, by id."""
    return await database.read(lambda transaction: orders.page(transaction, scope, after=after, limit=limit))
