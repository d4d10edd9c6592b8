"""The histories of orders for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import AppointmentRequest, Order, Scope
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from connect_appointments.store.queries.changes import appointment_histories, order_histories
from connect_appointments.store.queries.changes.appointment_histories import OwnedAppointment
from connect_appointments.store.transaction import Transaction


class OrderHistory(NamedTuple):
    """An order, its occupancy, and its newest appointment-requests and appointments, newest first.

    occupancy: the booking attempts in progress, plus the appointments in a state that is not final (D27).
    requests, appointments: of every owner in the scope; an order can have changed hands (D48).
    """

    order: Order
    occupancy: int
    requests: Sequence[AppointmentRequest]
    appointments: Sequence[OwnedAppointment]


async def read_history(database: Database, scope: Scope, order_id: int, *, limit: int) -> OrderHistory:
    """The history of an order, with up to `limit` appointment-requests and appointments. Raises `NotFound`."""

    async def work(transaction: Transaction) -> OrderHistory:
        order = await orders.get(transaction, scope, order_id)
        if order is None:
            raise NotFound
        return OrderHistory(
            order,
            await order_histories.occupancy(transaction, scope, order_id),
            await order_histories.newest_requests(transaction, scope, order_id, limit=limit),
            await appointment_histories.newest_of_order(transaction, scope, order_id, limit=limit),
        )

    return await database.read(work)
