"""Orders with their occupancy and their appointment-requests, for the operator."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.core.model import AppointmentRequest, Scope
from connect_appointments.store.queries.requests import get_owned
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.retention.archive import newest_everywhere
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import orders
from connect_appointments.store.transaction import Transaction, first


async def occupancy(transaction: Transaction, scope: Scope, order_id: int) -> int:
    """The occupancy of an order; 0 if it does not exist in the scope."""
    query = sa.select(orders.c.occupancy).where(orders.c.id == order_id, visible(orders, scope))
    row = await first(transaction, query)
    return 0 if row is None else int(row.occupancy)


async def newest_requests(
    transaction: Transaction, scope: Scope, order_id: int, *, limit: int
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests of an order in the scope, newest first."""
    query = sa.select(requests.c.id, requests.c.owner).where(requests.c.order_id == order_id, visible(requests, scope))
    rows = await newest_everywhere(transaction, query, limit=limit)
    found = await get_owned(transaction, [(row.id, row.owner) for row in rows])
    return [request for request in found if request is not None]
