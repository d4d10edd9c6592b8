"""Booking attempts and the appointments that come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL, AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Appointment, Booking, OrderDetails, Scope, Slot
from connect_appointments.core.transitions import Transition
from connect_appointments.store.scope import visible
from connect_appointments.store.slots import decode_slot, encode_slot
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import (
    DETAILS,
    BigId,
    Instant,
    appointment_requests,
    appointments,
    bookings,
    database_now,
    orders,
    seconds_from_now,
)
from connect_appointments.store.transaction import Transaction, first

STATES = {state.value: state for state in BookingState}
APPOINTMENT_STATES = {state.value: state for state in AppointmentState}


class Attempt(NamedTuple):
    """What the worker has to do for a booking attempt."""

    id: int
    request_id: int
    owner: str
    slot: Slot


class NewAttempt(NamedTuple):
    """A booking attempt to be begun."""

    request_id: int
    owner: str
    slot: Slot


_new = given(request_id=BigId, owner=sa.Text(), slot_id=sa.Text(), slot=sa.Text())
_INSERT = (
    sa.insert(bookings)
    .from_select(
        ["request_id", "owner", "slot_id", "slot", "state", "created_on"],
        sa.select(
            _new.c.request_id,
            _new.c.owner,
            _new.c.slot_id,
            _new.c.slot,
            sa.literal(BookingState.BOOKING.value),
            database_now(),
        ).order_by(_new.c.place),
    )
    .returning(bookings.c.id, bookings.c.request_id)
)

_asked = given(id=BigId)
_SLOT_IDS = sa.select(bookings.c.id, bookings.c.slot_id).join(_asked, _asked.c.id == bookings.c.id)

_ended = given(id=BigId, state=sa.Text(), refusal=sa.Text())
_END = (
    sa.update(bookings)
    .where(bookings.c.id == _ended.c.id, bookings.c.state == BookingState.BOOKING.value)
    .values(state=_ended.c.state, refusal=_ended.c.refusal, ended_on=database_now())
    .returning(bookings.c.id)
)

_booked = given(booking_id=BigId, workforce_id=sa.Text(), ends_on=Instant())
_INSERT_APPOINTMENTS = sa.insert(appointments).from_select(
    [
        *("request_id", "booking_id", "owner", "order_id", "workforce_id", "state", "slot", "ends_on"),
        *DETAILS,
        "created_on",
    ],
    sa.select(
        bookings.c.request_id,
        bookings.c.id,
        bookings.c.owner,
        appointment_requests.c.order_id,
        _booked.c.workforce_id,
        sa.literal(AppointmentState.BOOKED.value),
        bookings.c.slot,
        _booked.c.ends_on,
        *(orders.c[name] for name in DETAILS),
        database_now(),
    )
    .select_from(_booked)
    .join(bookings, bookings.c.id == _booked.c.booking_id)
    .join(appointment_requests, appointment_requests.c.id == bookings.c.request_id)
    # The appointment keeps what the order says at this moment, and only while order and attempt have one owner.
    .join(orders, sa.and_(orders.c.id == appointment_requests.c.order_id, orders.c.owner == bookings.c.owner))
    .order_by(_booked.c.place),
)


async def insert(transaction: Transaction, attempts: Sequence[NewAttempt]) -> dict[int, int]:
    """Begin attempts to book a slot, one of each appointment-request; return their numbers by its id."""
    rows = [(new.request_id, new.owner, new.slot.id, encode_slot(new.slot)) for new in attempts]
    return {row.request_id: row.id for row in await transaction.fetch(_INSERT, rows)}


async def slot_ids(transaction: Transaction, booking_ids: Sequence[int]) -> dict[int, str]:
    """Which slot each attempt is for."""
    return {row.id: row.slot_id for row in await transaction.fetch(_SLOT_IDS, [(number,) for number in booking_ids])}


async def attempt(transaction: Transaction, booking_id: int) -> Attempt:
    """The attempt itself. It must exist: nothing ever deletes one."""
    row = await first(transaction, sa.select(bookings).where(bookings.c.id == booking_id))
    if row is None:
        raise LookupError(f"there is no booking attempt {booking_id}")
    return Attempt(row.id, row.request_id, row.owner, decode_slot(row.slot))


async def end(transaction: Transaction, step: Transition[BookingState], refusals: Mapping[int, str | None]) -> None:
    """End attempts that are under way, by id, each with the problem code of its refusal.

    Raises AssertionError where one of them has ended: whoever decides has locked its appointment-request and knows.
    """
    rows = [(booking_id, step.target.value, refusal) for booking_id, refusal in refusals.items()]
    ended = await transaction.fetch(_END, rows)
    if len(ended) != len(rows):
        raise AssertionError(f"{step.name} ended {len(ended)} of {len(rows)} booking attempts")


async def insert_appointments(transaction: Transaction, booked: Sequence[tuple[Attempt, str]]) -> None:
    """Keep the appointments that booking attempts became, each with the workforce system's name for it.

    Raises AssertionError where an order has another owner than the attempt.
    """
    rows = [(attempt.id, workforce_id, attempt.slot.end) for attempt, workforce_id in booked]
    made = await transaction.execute(_INSERT_APPOINTMENTS, rows)
    if made != len(rows):
        raise AssertionError(f"{made} of {len(rows)} booking attempts became appointments")


_read = given(id=BigId, owner=sa.Text())
_SHOWN = [
    bookings.c.id.label("number"),
    bookings.c.state.label("attempt_state"),
    bookings.c.refusal,
    appointments.c.id,
    appointments.c.order_id,
    appointments.c.workforce_id,
    appointments.c.state,
    appointments.c.slot,
    *(appointments.c[name] for name in DETAILS),
]
READ = (
    sa.select(_read.c.place, *_SHOWN)
    .select_from(_read)
    .join(bookings, sa.and_(bookings.c.id == _read.c.id, bookings.c.owner == _read.c.owner))
    .outerjoin(appointments, appointments.c.booking_id == bookings.c.id)
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[Booking | None]:
    """Attempts with their appointments by id and owner, in the order of the keys; None where there is none."""
    found: list[Booking | None] = [None] * len(keys)
    for row in await transaction.fetch(READ, keys):
        found[row.place - 1] = _from_row(row)
    return found


async def get(transaction: Transaction, scope: Scope, booking_id: int) -> Booking | None:
    """The attempt with its appointment, or None when the scope has no such one."""
    query: sa.Select[Any] = sa.select(*_SHOWN).select_from(
        bookings.outerjoin(appointments, appointments.c.booking_id == bookings.c.id)
    )
    row = await first(transaction, query.where(bookings.c.id == booking_id, visible(bookings, scope)))
    return None if row is None else _from_row(row)


def _from_row(row: Row) -> Booking:
    appointment = None if row.id is None else _appointment(row)
    return Booking(row.number, STATES[row.attempt_state], row.refusal, appointment)


def _appointment(row: Row) -> Appointment:
    details = OrderDetails(row.order_id, *(getattr(row, name) for name in DETAILS))
    return Appointment(row.id, details, row.workforce_id, APPOINTMENT_STATES[row.state], decode_slot(row.slot))


_of_orders = given(order_id=BigId)
_NOT_OVER = (
    sa.select(appointments.c.id, appointments.c.order_id)
    .join(_of_orders, _of_orders.c.order_id == appointments.c.order_id)
    .where(
        appointments.c.state.not_in(sorted(FINAL)),
        appointments.c.ends_on > seconds_from_now(param("seconds", sa.Float())),
    )
    .order_by(appointments.c.id)
)


async def not_over(transaction: Transaction, order_ids: Sequence[int], *, days: int) -> list[Row]:
    """The appointments of orders that are not over: id and order_id. `days`: when one that ended counts as over."""
    return await transaction.fetch(_NOT_OVER, [(order_id,) for order_id in order_ids], seconds=-86_400.0 * days)
