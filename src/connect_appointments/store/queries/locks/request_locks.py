"""The statements that lock appointment-requests, alone or after their orders."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.columns import BigId
from connect_appointments.store.locking import lock_statements
from connect_appointments.store.queries.locks.order_locks import lock_with_orders
from connect_appointments.store.statements import given
from connect_appointments.store.tables import appointment_requests as requests

_owned = given(id=BigId, owner=sa.Text())
_is_owned = sa.and_(requests.c.id == _owned.c.id, requests.c.owner == _owned.c.owner)

_any = given(id=BigId)
LOCK_ANY = lock_statements(
    _any,
    _any.join(requests, requests.c.id == _any.c.id),
    [requests.c.id, requests.c.owner, requests.c.order_id, requests.c.state, requests.c.booking_id],
    locked=requests,
    there=sa.exists().where(requests.c.id == _any.c.id),
)
"""Locks appointment-requests by id, whatever their owner: only for the worker and the operator."""


_COLUMNS = (
    *("id", "owner", "order_id", "state", "booking_id"),
    *("appointment_id", "reschedule_id", "offer_expires_on", "transferred_on"),
)

LOCK_OWNED_WITH_ORDERS = lock_with_orders(_owned, requests, _is_owned, _COLUMNS)
"""Locks the orders of appointment-requests, then the requests, by request id and owner."""

LOCK_ANY_WITH_ORDERS = lock_with_orders(_any, requests, requests.c.id == _any.c.id, _COLUMNS)
"""Locks the orders of appointment-requests, then the requests, by request id: only for the worker."""
