"""Booking attempts and the appointments that come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL, AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Appointment, Booking, OrderDetails, Scope, Slot
from connect_appointments.core.requests import BOOK, BOOKED
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.queries.jobs import Job, finish_statement
from connect_appointments.store.queries.orders import occupy_statement
from connect_appointments.store.queries.requests import link_transition
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.queries.slots import decode_slot, encode_slot
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import (
    DETAILS,
    BigId,
    Instant,
    appointment_requests,
    appointments,
    bookings,
    database_now,
    jobs,
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
    """A booking attempt to be begun: of which appointment-request and order, by whom, for which slot."""

    request_id: int
    order_id: int
    owner: str
    client: str
    trace: str
    slot: Slot


_new = given(
    id=BigId, order_id=BigId, owner=sa.Text(), client=sa.Text(), trace=sa.Text(), slot_id=sa.Text(), slot=sa.Text()
)


def _begin(link: Link) -> Any:
    attempt = (_new.c.id, _new.c.owner, _new.c.slot_id, _new.c.slot, sa.literal(BookingState.BOOKING.value))
    begun = link(
        "begun",
        sa.insert(bookings)
        .from_select(
            ["request_id", "owner", "slot_id", "slot", "state", "created_on"],
            sa.select(*attempt, database_now()).order_by(_new.c.place),
        )
        .returning(bookings.c.id, bookings.c.request_id),
    )
    who = (_new.c.id, _new.c.owner, _new.c.client, _new.c.trace, _new.c.order_id, begun.c.id.label("booking_id"))
    rows = sa.select(*who).join(begun, begun.c.request_id == _new.c.id).subquery("booked_rows")
    changed = link_transition(link, BOOK, rows, booking_id=rows.c.booking_id)
    by_order = sa.select(_new.c.order_id, sa.func.count().label("count")).group_by(_new.c.order_id).subquery("by_order")
    occupied = link("occupied", occupy_statement(by_order, by_order.c.count))
    job = sa.select(param("job", sa.Text()), rows.c.id, rows.c.booking_id, rows.c.trace, sa.literal(0), database_now())
    link("asked", sa.insert(jobs).from_select(["kind", "request_id", "booking_id", "trace", "tries", "due_at"], job))
    return (
        sa.select(begun.c.request_id, begun.c.id)
        .join(changed, changed.c.id == begun.c.request_id)
        .join(_new, _new.c.id == begun.c.request_id)
        .join(occupied, occupied.c.id == _new.c.order_id)
    )


_BEGIN = Chain(_begin)


async def begin(transaction: Transaction, attempts: Sequence[NewAttempt], *, job: str) -> dict[int, int]:
    """Begin attempts to book a slot, one of each appointment-request; return their numbers by its id.

    The appointment-requests and their orders are locked: they become `booking` and occupied. Each attempt gets a job.
    Raises AssertionError where one of them is not open: the caller has locked it and knows.
    """
    rows = [(*attempt[:5], attempt.slot.id, encode_slot(attempt.slot)) for attempt in attempts]
    begun = {row.request_id: row.id for row in await transaction.fetch(_BEGIN, rows, job=job)}
    if len(begun) != len(rows):
        raise AssertionError(f"{len(begun)} of {len(rows)} booking attempts were begun")
    return begun


_asked = given(id=BigId)
_SLOT_IDS = sa.select(bookings.c.id, bookings.c.slot_id).join(_asked, _asked.c.id == bookings.c.id)

_refused = given(id=BigId, refusal=sa.Text())
_REFUSE = (
    sa.update(bookings)
    .where(bookings.c.id == _refused.c.id, bookings.c.state == BookingState.BOOKING.value)
    .values(state=BookingState.REFUSED.value, refusal=_refused.c.refusal, ended_on=database_now())
    .returning(bookings.c.id)
)

_booked = given(
    job_id=BigId,
    tries=sa.Integer(),
    id=BigId,
    owner=sa.Text(),
    client=sa.Text(),
    trace=sa.Text(),
    booking_id=BigId,
    workforce_id=sa.Text(),
    ends_on=Instant(),
)


def _confirm(link: Link) -> Any:
    finished = link("finished", finish_statement(_booked.c.job_id, _booked.c.tries))
    is_finished = sa.and_(finished.c.id == _booked.c.job_id, finished.c.tries == _booked.c.tries)
    columns = [column for column in _booked.c if column.name != "place"]
    rows = sa.select(*columns).join(finished, is_finished).subquery("confirmed_rows")
    changed = link_transition(link, BOOKED, rows)
    is_under_way = bookings.c.state == BookingState.BOOKING.value
    ended = link(
        "ended",
        sa.update(bookings)
        .where(bookings.c.id == rows.c.booking_id, is_under_way)
        .values(state=BookingState.BOOKED.value, ended_on=database_now())
        .returning(bookings.c.id),
    )
    made = link("made", _appointments_of(rows))
    return (
        sa.select(
            rows.c.booking_id,
            changed.c.id.label("request"),
            ended.c.id.label("attempt"),
            made.c.id.label("appointment"),
        )
        .select_from(rows)
        .outerjoin(changed, changed.c.id == rows.c.id)
        .outerjoin(ended, ended.c.id == rows.c.booking_id)
        .outerjoin(made, made.c.booking_id == rows.c.booking_id)
    )


def _appointments_of(rows: Any) -> Any:
    """The statement that keeps appointments of booking attempts, with what their orders say at this moment."""
    own = ("request_id", "booking_id", "owner", "order_id", "workforce_id", "state", "slot", "ends_on")
    attempt = (
        bookings.c.request_id,
        bookings.c.id,
        bookings.c.owner,
        appointment_requests.c.order_id,
        rows.c.workforce_id,
        sa.literal(AppointmentState.BOOKED.value),
        bookings.c.slot,
        rows.c.ends_on,
    )
    query = (
        sa.select(*attempt, *(orders.c[name] for name in DETAILS), database_now())
        .select_from(rows)
        .join(bookings, bookings.c.id == rows.c.booking_id)
        .join(appointment_requests, appointment_requests.c.id == bookings.c.request_id)
        # Only while order and attempt have one owner.
        .join(orders, sa.and_(orders.c.id == appointment_requests.c.order_id, orders.c.owner == bookings.c.owner))
    )
    insert = sa.insert(appointments).from_select([*own, *DETAILS, "created_on"], query)
    return insert.returning(appointments.c.id, appointments.c.booking_id)


_CONFIRM = Chain(_confirm)


class Confirmed(NamedTuple):
    """A booking attempt that the workforce system has reserved: the claim of its job, what it is, by whom."""

    job: Job
    attempt: Attempt
    client: str
    workforce_id: str


async def confirm(transaction: Transaction, reserved: Sequence[Confirmed]) -> None:
    """Make appointments of booking attempts, but for those whose job another worker has claimed since.

    The appointment-requests and their orders are locked. Raises AssertionError where one of them is not being booked
    at this attempt: the caller has locked it and knows.
    """
    rows = [
        (
            *one.job.key,
            *(one.attempt.request_id, one.attempt.owner, one.client, one.job.trace),
            *(one.attempt.id, one.workforce_id, one.attempt.slot.end),
        )
        for one in reserved
    ]
    for row in await transaction.fetch(_CONFIRM, rows):
        if None in row:
            raise AssertionError(f"booking attempt {row.booking_id} was confirmed in part: {row}")


async def slot_ids(transaction: Transaction, booking_ids: Sequence[int]) -> dict[int, str]:
    """Which slot each attempt is for."""
    return {row.id: row.slot_id for row in await transaction.fetch(_SLOT_IDS, [(number,) for number in booking_ids])}


async def attempt(transaction: Transaction, booking_id: int) -> Attempt:
    """The attempt itself. It must exist: nothing ever deletes one."""
    row = await first(transaction, sa.select(bookings).where(bookings.c.id == booking_id))
    if row is None:
        raise LookupError(f"there is no booking attempt {booking_id}")
    return Attempt(row.id, row.request_id, row.owner, decode_slot(row.slot))


async def refuse(transaction: Transaction, refusals: Mapping[int, str]) -> None:
    """End attempts that are under way, by id, each with the problem code of its refusal.

    Raises AssertionError where one of them has ended: the caller has locked its appointment-request and knows.
    """
    ended = await transaction.fetch(_REFUSE, list(refusals.items()))
    if len(ended) != len(refusals):
        raise AssertionError(f"{len(ended)} of {len(refusals)} booking attempts were refused")


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
