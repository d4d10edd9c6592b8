"""What must hold in every database, whatever has crashed: each rule is a query for the rows that break it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.bookings import BookingState
from connect_appointments.core.requests import CREATED, FINAL, OCCUPYING, TRANSITIONS, State
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import (
    appointments,
    bookings,
    capacity,
    events,
    installation,
    jobs,
    offers,
    orders,
    reservations,
)
from connect_appointments.store.transaction import Transaction

MAX_FINDINGS = 100
"""Of each rule; where there are more, there is something to mend before counting."""


class Finding(NamedTuple):
    """One place where a rule does not hold: the rule, and the row that breaks it."""

    rule: str
    row: Mapping[str, Any]


async def findings(transaction: Transaction) -> Sequence[Finding]:
    """Everything that is wrong, up to a hundred rows a rule; empty when all is well."""
    found: list[Finding] = []
    for rule, query in RULES.items():
        rows = await transaction.fetch(query.limit(MAX_FINDINGS))
        found += [Finding(rule, row._asdict()) for row in rows]
    return found


def _last_event() -> sa.Select[Any]:
    """Requests whose state is not the one their last event entered."""
    entered = {CREATED: State.SEARCHING, **{step.name: step.target for step in TRANSITIONS}}
    last = (
        sa.select(events.c.request_id, sa.func.max(events.c.id).label("id")).group_by(events.c.request_id).cte("last")
    )
    state = sa.case({kind: str(entered[kind]) for kind in entered}, value=events.c.kind)
    return (
        sa.select(requests.c.id, requests.c.state, events.c.kind.label("last_event"))
        .outerjoin(last, last.c.request_id == requests.c.id)
        .outerjoin(events, events.c.id == last.c.id)
        .where(sa.or_(events.c.id.is_(None), state != requests.c.state))
    )


def _final_left() -> sa.Select[Any]:
    """Events that stand after one that entered a final state."""
    final = events.alias("final")
    return (
        sa.select(events.c.request_id, events.c.id.label("event"), events.c.kind)
        .join(final, sa.and_(final.c.request_id == events.c.request_id, final.c.id < events.c.id))
        .where(final.c.kind.in_([step.name for step in TRANSITIONS if step.target in FINAL]))
    )


def _appointments() -> sa.Select[Any]:
    """Requests that are booked without an appointment, or have one without being booked."""
    has = sa.exists().where(appointments.c.request_id == requests.c.id)
    return sa.select(requests.c.id, requests.c.state).where((requests.c.state == State.BOOKED.value) != has)


def _attempts() -> sa.Select[Any]:
    """Requests whose booking attempt stands elsewhere than they do."""
    expected = sa.case(
        {str(State.BOOKING): str(BookingState.BOOKING), str(State.BOOKED): str(BookingState.BOOKED)},
        value=requests.c.state,
        else_=str(BookingState.REFUSED),
    )
    return (
        sa.select(requests.c.id, requests.c.state, bookings.c.id.label("booking"), bookings.c.state.label("attempt"))
        .join(bookings, bookings.c.id == requests.c.booking_id)
        .where(bookings.c.state != expected)
    )


def _jobs(state: State, kind: str) -> sa.Select[Any]:
    """Requests in a state that waits for a job there is not: nothing would ever move them on."""
    has = sa.exists().where(jobs.c.request_id == requests.c.id, jobs.c.kind == kind)
    return sa.select(requests.c.id, requests.c.state).where(requests.c.state == state.value, ~has)


def _offers() -> sa.Select[Any]:
    """Requests that are open and have no offer to choose from."""
    has = sa.exists().where(offers.c.request_id == requests.c.id)
    return sa.select(requests.c.id).where(requests.c.state == State.OPEN.value, ~has)


def _places() -> sa.Select[Any]:
    """Windows whose places taken are not those reserved."""
    reserved = (
        sa.select(sa.func.count())
        .where(
            reservations.c.area == capacity.c.area,
            reservations.c.day == capacity.c.day,
            reservations.c.slot_type == capacity.c.slot_type,
            reservations.c.state == ReservationState.RESERVED.value,
        )
        .scalar_subquery()
    )
    return sa.select(
        capacity.c.area, capacity.c.day, capacity.c.slot_type, capacity.c.taken, reserved.label("reserved")
    ).where(capacity.c.taken != reserved)


def _reservations() -> sa.Select[Any]:
    """Booking attempts that ended otherwise than the calendar decided."""
    key = installation.c.id + "-" + sa.cast(bookings.c.id, sa.Text)
    is_reserved = reservations.c.state == ReservationState.RESERVED.value
    return (
        sa.select(bookings.c.id, bookings.c.state, reservations.c.state.label("reservation"))
        .select_from(bookings)
        .join(installation, installation.c.id != "")
        .join(reservations, reservations.c.key == key)
        .where(
            bookings.c.state != BookingState.BOOKING.value,
            (bookings.c.state == BookingState.BOOKED.value) != is_reserved,
        )
    )


def _occupancy() -> sa.Select[Any]:
    """Orders whose occupancy is not the number of their appointment-requests that are being booked or are booked."""
    occupying = (
        sa.select(sa.func.count())
        .where(requests.c.order_id == orders.c.id, requests.c.state.in_(sorted(OCCUPYING)))
        .scalar_subquery()
    )
    return sa.select(orders.c.id, orders.c.occupancy, occupying.label("occupying")).where(
        orders.c.occupancy != occupying
    )


def _foreign_requests() -> sa.Select[Any]:
    """Appointment-requests that can still be booked by another owner than that of their order."""
    bookable = [state.value for state in (State.SEARCHING, State.OPEN, State.FAILED)]
    return (
        sa.select(requests.c.id, requests.c.owner, orders.c.id.label("order"), orders.c.owner.label("order_owner"))
        .join(orders, orders.c.id == requests.c.order_id)
        .where(requests.c.state.in_(bookable), requests.c.owner != orders.c.owner)
    )


def _foreign_appointments() -> sa.Select[Any]:
    """Appointments of another owner than that of their appointment-request and booking attempt."""
    return (
        sa.select(appointments.c.id, appointments.c.owner, bookings.c.owner.label("booking_owner"))
        .join(bookings, bookings.c.id == appointments.c.booking_id)
        .join(requests, requests.c.id == appointments.c.request_id)
        .where(sa.or_(appointments.c.owner != bookings.c.owner, appointments.c.owner != requests.c.owner))
    )


def _refusals() -> sa.Select[Any]:
    """Booking attempts that are refused without a code, or have one without being refused."""
    return sa.select(bookings.c.id, bookings.c.state, bookings.c.refusal).where(
        (bookings.c.state == BookingState.REFUSED.value) != bookings.c.refusal.is_not(None)
    )


RULES: Mapping[str, sa.Select[Any]] = {
    "state-is-that-of-the-last-event": _last_event(),
    "nothing-follows-a-final-state": _final_left(),
    "booked-means-one-appointment": _appointments(),
    "attempt-stands-where-its-request-does": _attempts(),
    "searching-has-a-job": _jobs(State.SEARCHING, "search"),
    "booking-has-a-job": _jobs(State.BOOKING, "book"),
    "open-has-an-offer": _offers(),
    "places-taken-are-those-granted": _places(),
    "attempt-ended-as-decided": _reservations(),
    "occupancy-counts-the-bookings-of-an-order": _occupancy(),
    "bookable-only-by-the-owner-of-the-order": _foreign_requests(),
    "appointment-has-the-owner-of-its-booking": _foreign_appointments(),
    "refused-attempt-has-a-code": _refusals(),
}
