"""Booking attempts and the appointments that result from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Booking, Scope, Slot
from connect_appointments.core.requests import BOOK
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, database_now, seconds_from_now
from connect_appointments.store.queries.appointments import SHOWN, from_row
from connect_appointments.store.queries.orders import occupy_statement
from connect_appointments.store.queries.requests import link_transition
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.queries.slots import decode_slot, encode_slot
from connect_appointments.store.retention.archive import fetch_everywhere, first_everywhere
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointments, bookings, jobs
from connect_appointments.store.transaction import Transaction

STATES = {state.value: state for state in BookingState}


class Attempt(NamedTuple):
    """The data that the worker needs for a booking attempt."""

    id: int
    request_id: int
    owner: str
    slot: Slot


class NewAttempt(NamedTuple):
    """A new booking attempt: its appointment-request and order, the actor, and the slot."""

    request_id: int
    order_id: int
    owner: str
    client: str
    x_request_id: str
    slot: Slot


_new = given(
    id=BigId,
    order_id=BigId,
    owner=sa.Text(),
    client=sa.Text(),
    x_request_id=sa.Text(),
    slot_id=sa.Text(),
    slot=sa.Text(),
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
    who = (_new.c.id, _new.c.owner, _new.c.client, _new.c.x_request_id, _new.c.order_id, begun.c.id.label("booking_id"))
    rows = sa.select(*who).join(begun, begun.c.request_id == _new.c.id).subquery("booked_rows")
    changed = link_transition(link, BOOK, rows, booking_id=rows.c.booking_id)
    by_order = sa.select(_new.c.order_id, sa.func.count().label("count")).group_by(_new.c.order_id).subquery("by_order")
    occupied = link("occupied", occupy_statement(by_order, by_order.c.count))
    job = sa.select(
        param("job", sa.Text()), rows.c.id, rows.c.booking_id, rows.c.x_request_id, sa.literal(0), database_now()
    )
    link(
        "asked",
        sa.insert(jobs).from_select(["kind", "request_id", "booking_id", "x_request_id", "tries", "due_at"], job),
    )
    return (
        sa.select(begun.c.request_id, begun.c.id)
        .join(changed, changed.c.id == begun.c.request_id)
        .join(_new, _new.c.id == begun.c.request_id)
        .join(occupied, occupied.c.id == _new.c.order_id)
    )


_BEGIN = Chain(_begin)


async def begin(transaction: Transaction, attempts: Sequence[NewAttempt], *, job: str) -> dict[int, int]:
    """Begin booking attempts, one per appointment-request; return the attempts' numbers by appointment-request id.

    The caller has locked the appointment-requests and their orders. The requests become `booking`, the orders occupied,
    and each attempt gets a job. Raises AssertionError if a request is not open: the caller has checked the locked row.
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


async def slot_ids(transaction: Transaction, booking_ids: Sequence[int]) -> dict[int, str]:
    """The slot id of each attempt."""
    return {row.id: row.slot_id for row in await transaction.fetch(_SLOT_IDS, [(number,) for number in booking_ids])}


async def attempt(transaction: Transaction, booking_id: int) -> Attempt:
    """The booking attempt. It must exist: attempts are never deleted."""
    row = await first_everywhere(transaction, sa.select(bookings).where(bookings.c.id == booking_id))
    if row is None:
        raise LookupError(f"there is no booking attempt {booking_id}")
    return Attempt(row.id, row.request_id, row.owner, decode_slot(row.slot))


async def refuse(transaction: Transaction, refusals: Mapping[int, str]) -> None:
    """Refuse booking attempts in progress; each id has the problem code of its refusal.

    Raises AssertionError if an attempt has already ended: the caller has checked the locked appointment-request.
    """
    ended = await transaction.fetch(_REFUSE, list(refusals.items()))
    if len(ended) != len(refusals):
        raise AssertionError(f"{len(ended)} of {len(refusals)} booking attempts were refused")


_read = given(id=BigId, owner=sa.Text())
_SHOWN = [
    bookings.c.id.label("number"),
    bookings.c.state.label("attempt_state"),
    bookings.c.refusal,
    *SHOWN,
]
READ = (
    sa.select(_read.c.place, *_SHOWN)
    .select_from(_read)
    .join(bookings, sa.and_(bookings.c.id == _read.c.id, bookings.c.owner == _read.c.owner))
    .outerjoin(appointments, appointments.c.booking_id == bookings.c.id)
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[Booking | None]:
    """Booking attempts with their appointments, by id and owner, in key order; None for an unknown key."""
    found: list[Booking | None] = [None] * len(keys)
    for row in await fetch_everywhere(transaction, READ, keys):
        found[row.place - 1] = _from_row(row)
    return found


async def get(transaction: Transaction, scope: Scope, booking_id: int) -> Booking | None:
    """The booking attempt with its appointment; None if it does not exist in the scope."""
    query: sa.Select[Any] = sa.select(*_SHOWN).select_from(
        bookings.outerjoin(appointments, appointments.c.booking_id == bookings.c.id)
    )
    row = await first_everywhere(transaction, query.where(bookings.c.id == booking_id, visible(bookings, scope)))
    return None if row is None else _from_row(row)


def _from_row(row: Row) -> Booking:
    appointment = None if row.id is None else from_row(row)
    return Booking(row.number, STATES[row.attempt_state], row.refusal, appointment)


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


_ASSUMED_OVER = (
    sa.select(appointments.c.order_id, sa.func.count().label("count"))
    .join(_of_orders, _of_orders.c.order_id == appointments.c.order_id)
    .where(
        appointments.c.state.not_in(sorted(FINAL)),
        appointments.c.ends_on <= seconds_from_now(param("seconds", sa.Float())),
    )
    .group_by(appointments.c.order_id)
)


async def assumed_over(transaction: Transaction, order_ids: Collection[int], *, days: int) -> dict[int, int]:
    """The number of appointments in a state that is not final that ended more than `days` ago, by order (D45)."""
    keys = [(order_id,) for order_id in order_ids]
    return {row.order_id: row.count for row in await transaction.fetch(_ASSUMED_OVER, keys, seconds=-86_400.0 * days)}


async def not_over(transaction: Transaction, order_ids: Sequence[int], *, days: int) -> list[Row]:
    """Appointments of orders that are not over: id and order_id. `days`: days from its end until one counts as over."""
    return await transaction.fetch(_NOT_OVER, [(order_id,) for order_id in order_ids], seconds=-86_400.0 * days)
