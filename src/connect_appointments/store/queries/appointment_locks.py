"""The statements that lock appointments after their orders."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.queries.order_locks import lock_with_orders
from connect_appointments.store.statements import given
from connect_appointments.store.tables import BigId, appointments

_COLUMNS = (
    *("id", "owner", "order_id", "request_id", "booking_id", "workforce_id", "state", "slot", "ends_on"),
    *("cancellable_until", "cancelled_on", "cancelled_by", "reason", "cancellation_id", "reschedule_id"),
)

_owned = given(id=BigId, owner=sa.Text())
_is_owned = sa.and_(appointments.c.id == _owned.c.id, appointments.c.owner == _owned.c.owner)
LOCK_OWNED_APPOINTMENTS = lock_with_orders(_owned, appointments, _is_owned, _COLUMNS)
"""Locks the orders of appointments, then the appointments, by appointment id and owner."""

_any = given(id=BigId)
LOCK_ANY_APPOINTMENTS = lock_with_orders(_any, appointments, appointments.c.id == _any.c.id, _COLUMNS)
"""Locks the orders of appointments, then the appointments, by id: only for the worker and the operator."""
