"""The statements that lock appointment-requests, alone or after their orders."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.locking import Lock, lock_statements
from connect_appointments.store.statements import given
from connect_appointments.store.tables import BigId, orders
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


def _lock_with_orders(rows: Any, is_asked: Any, *, skip_locked: bool) -> Chain:
    """The chain that locks the orders, then their appointment-requests; the order of a request never changes."""

    def build(link: Link) -> Any:
        order = (orders.c.id, orders.c.owner, orders.c.occupancy)
        locked_orders = link(
            "locked_orders",
            sa.select(rows.c.place, requests.c.id.label("request_id"), *order)
            .select_from(rows.join(requests, is_asked).join(orders, orders.c.id == requests.c.order_id))
            .order_by(orders.c.id)
            .with_for_update(of=orders, key_share=True, skip_locked=skip_locked),
        )
        request = [requests.c[name] for name in ("id", "owner", "order_id", "state", "booking_id")]
        locked = link(
            "locked",
            sa.select(locked_orders.c.place, *request)
            .select_from(locked_orders.join(requests, requests.c.id == locked_orders.c.request_id))
            .order_by(requests.c.id)
            .with_for_update(of=requests, skip_locked=skip_locked),
        )
        is_locked = locked.c.place.is_not(None)
        return sa.select(
            rows.c.place,
            is_locked.label("is_locked"),
            sa.case((is_locked, sa.true()), else_=sa.exists().where(is_asked)).label("is_there"),
            *(locked.c[column.key] for column in request),
            locked_orders.c.owner.label("order_owner"),
            locked_orders.c.occupancy,
        ).select_from(
            rows.outerjoin(locked, locked.c.place == rows.c.place).outerjoin(
                locked_orders, locked_orders.c.place == rows.c.place
            )
        )

    return Chain(build)


LOCK_OWNED_WITH_ORDERS = Lock(
    _lock_with_orders(_owned, _is_owned, skip_locked=True),
    _lock_with_orders(_owned, _is_owned, skip_locked=False),
    sa.select(requests.c.id).select_from(_owned.join(requests, _is_owned)).with_for_update(of=requests),
)
"""Locks the orders of appointment-requests, then the requests, by request id and owner."""

_is_any = requests.c.id == _any.c.id
LOCK_ANY_WITH_ORDERS = Lock(
    _lock_with_orders(_any, _is_any, skip_locked=True),
    _lock_with_orders(_any, _is_any, skip_locked=False),
    LOCK_ANY.waiting,
)
"""Locks the orders of appointment-requests, then the requests, by request id: only for the worker."""
