"""The statements that lock appointments after their orders."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, database_now
from connect_appointments.store.locking import Lock
from connect_appointments.store.queries.locks.order_locks import lock_with_orders
from connect_appointments.store.statements import given
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import appointments, orders

_COLUMNS = (
    *("id", "owner", "order_id", "request_id", "booking_id", "workforce_id", "state", "slot", "slot_as_of"),
    *("ends_on", "cancellable_until", "cancelled_on", "cancelled_by", "reason", "cancellation_id", "reschedule_id"),
)

_owned = given(id=BigId, owner=sa.Text())
_is_owned = sa.and_(appointments.c.id == _owned.c.id, appointments.c.owner == _owned.c.owner)
LOCK_OWNED_APPOINTMENTS = lock_with_orders(_owned, appointments, _is_owned, _COLUMNS)
"""Locks the orders of appointments, then the appointments, by appointment id and owner."""

_any = given(id=BigId)
LOCK_ANY_APPOINTMENTS = lock_with_orders(_any, appointments, appointments.c.id == _any.c.id, _COLUMNS)
"""Locks the orders of appointments, then the appointments, by id: only for the worker and the operator."""

_pair = given(appointment_id=BigId, request_id=BigId, owner=sa.Text())
_is_pair = sa.and_(
    appointments.c.id == _pair.c.appointment_id,
    appointments.c.owner == _pair.c.owner,
    requests.c.id == _pair.c.request_id,
    requests.c.owner == _pair.c.owner,
)
_is_of_one_order = sa.and_(_is_pair, appointments.c.order_id == requests.c.order_id)
_OF_REQUEST = ("id", "owner", "order_id", "state", "reschedule_id", "offer_expires_on")
_OF_APPOINTMENT = (
    "id",
    "owner",
    "state",
    "request_id",
    "slot",
    "slot_as_of",
    "cancellable_until",
    "cancellation_id",
    "reschedule_id",
)
_SITE = tuple(orders.c[name].label(f"site_{name}") for name in ("time_zone", "state", "area"))


def _lock_pairs(*, skip_locked: bool) -> Chain:
    """The chain that locks orders, then appointment-requests, then appointments."""

    def build(link: Link) -> Any:
        locked_orders = link(
            "locked_orders",
            sa.select(_pair.c.place, _pair.c.request_id, _pair.c.appointment_id, orders.c.owner, *_SITE)
            .select_from(_pair.join(requests, sa.true()).join(appointments, _is_of_one_order))
            .join(orders, orders.c.id == requests.c.order_id)
            .order_by(orders.c.id)
            .with_for_update(of=orders, key_share=True, skip_locked=skip_locked),
        )
        locked_requests = link(
            "locked_requests",
            sa.select(
                locked_orders.c.place, locked_orders.c.appointment_id, *(requests.c[name] for name in _OF_REQUEST)
            )
            .select_from(locked_orders.join(requests, requests.c.id == locked_orders.c.request_id))
            .order_by(requests.c.id)
            .with_for_update(of=requests, skip_locked=skip_locked),
        )
        locked = link(
            "locked",
            sa.select(locked_requests.c.place, *(appointments.c[name] for name in _OF_APPOINTMENT))
            .select_from(locked_requests)
            .join(appointments, appointments.c.id == locked_requests.c.appointment_id)
            .order_by(appointments.c.id)
            .with_for_update(of=appointments, skip_locked=skip_locked),
        )
        return _found_pairs(locked_orders, locked_requests, locked)

    return Chain(build)


def _found_pairs(locked_orders: Any, locked_requests: Any, locked: Any) -> Any:
    is_locked = locked.c.place.is_not(None)
    return sa.select(
        _pair.c.place,
        is_locked.label("is_locked"),
        sa.case((is_locked, sa.true()), else_=sa.exists().where(_is_of_one_order)).label("is_there"),
        *(locked_requests.c[name].label(f"request_{name}") for name in _OF_REQUEST),
        *(locked.c[name].label(f"appointment_{name}") for name in _OF_APPOINTMENT),
        locked_orders.c.owner.label("order_owner"),
        *(locked_orders.c[column.name].label(column.name.removeprefix("site_")) for column in _SITE),
        database_now().label("now"),
    ).select_from(
        _pair.outerjoin(locked, locked.c.place == _pair.c.place)
        .outerjoin(locked_requests, locked_requests.c.place == _pair.c.place)
        .outerjoin(locked_orders, locked_orders.c.place == _pair.c.place)
    )


LOCK_PAIRS = Lock(
    _lock_pairs(skip_locked=True),
    _lock_pairs(skip_locked=False),
    sa.select(requests.c.id)
    .select_from(_pair.join(requests, sa.true()).join(appointments, _is_of_one_order))
    .order_by(requests.c.id)
    .with_for_update(of=(requests, appointments)),
)
"""Locks the orders of pairs of an appointment and an appointment-request of one owner and one order, then the pairs."""

OF_TWO_ORDERS = sa.select(_pair.c.place).where(
    sa.exists().where(_is_pair, appointments.c.order_id != requests.c.order_id)
)
"""The places of the pairs of one owner whose orders differ; the order of such a row never changes."""
