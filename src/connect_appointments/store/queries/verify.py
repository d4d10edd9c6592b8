"""Invariants of every database, even after crashes: each rule is a query for the rows that violate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL as APPOINTMENT_FINAL
from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.requests import CREATED, FINAL, TRANSITIONS, State
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.queries.changes.invariants import APPOINTMENT_RULES
from connect_appointments.store.queries.changes.reschedule_invariants import RESCHEDULE_RULES
from connect_appointments.store.retention.verify import ARCHIVE_RULES
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
"""Limit per rule; an installation with more findings needs a repair, not an exact count."""


class Finding(NamedTuple):
    """A violation: the rule, and the row that violates it."""

    rule: str
    row: Mapping[str, Any]


async def findings(transaction: Transaction) -> Sequence[Finding]:
    """All violations, up to a hundred rows per rule; empty when every rule holds."""
    found: list[Finding] = []
    for rule, query in RULES.items():
        rows = await transaction.fetch(query.limit(MAX_FINDINGS))
        found += [Finding(rule, row._asdict()) for row in rows]
    return found


def _last_event() -> sa.Select[Any]:
    """Requests whose state differs from the target state of their last event."""
    entered = {CREATED: State.SEARCHING, **{step.name: step.target for step in TRANSITIONS}}
    last = (
        sa.select(events.c.request_id, sa.func.max(events.c.id).label("id"))
        .where(events.c.appointment_id.is_(None))
        .group_by(events.c.request_id)
        .cte("last")
    )
    state = sa.case({kind: str(entered[kind]) for kind in entered}, value=events.c.kind)
    return (
        sa.select(requests.c.id, requests.c.state, events.c.kind.label("last_event"))
        .outerjoin(last, last.c.request_id == requests.c.id)
        .outerjoin(events, events.c.id == last.c.id)
        .where(sa.or_(events.c.id.is_(None), state != requests.c.state))
    )


def _final_left() -> sa.Select[Any]:
    """Events after an event that entered a final state."""
    final = events.alias("final")
    return (
        sa.select(events.c.request_id, events.c.id.label("event"), events.c.kind)
        .join(final, sa.and_(final.c.request_id == events.c.request_id, final.c.id < events.c.id))
        .where(
            final.c.kind.in_([step.name for step in TRANSITIONS if step.target in FINAL]),
            final.c.appointment_id.is_(None),
            events.c.appointment_id.is_(None),
        )
    )


def _appointments() -> sa.Select[Any]:
    """Requests that are booked without an appointment of their order, or that have one without being booked."""
    is_theirs = sa.and_(appointments.c.id == requests.c.appointment_id, appointments.c.order_id == requests.c.order_id)
    has = sa.exists().where(is_theirs)
    is_current = sa.exists().where(appointments.c.request_id == requests.c.id)
    is_booked = requests.c.state == State.BOOKED.value
    return sa.select(requests.c.id, requests.c.state).where(sa.or_(is_booked != has, sa.and_(is_current, ~is_booked)))


def _attempts() -> sa.Select[Any]:
    """Requests whose state contradicts the outcome of their booking attempt."""
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


def _jobs(state: State, *kinds: str) -> sa.Select[Any]:
    """Requests in a state that needs a job, without that job: they would stay in this state forever."""
    has = sa.exists().where(jobs.c.request_id == requests.c.id, jobs.c.kind.in_(kinds))
    return sa.select(requests.c.id, requests.c.state).where(requests.c.state == state.value, ~has)


def _offers() -> sa.Select[Any]:
    """Open requests without an offer."""
    has = sa.exists().where(offers.c.request_id == requests.c.id)
    return sa.select(requests.c.id).where(requests.c.state == State.OPEN.value, ~has)


def _capacity() -> sa.Select[Any]:
    """Windows whose taken capacity differs from the number of reservations."""
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
    """Booking attempts whose outcome differs from the calendar's decision, except for cancelled appointments."""
    key = installation.c.id + "-" + sa.cast(bookings.c.id, sa.Text)
    is_reserved = reservations.c.state == ReservationState.RESERVED.value
    given_back = sa.exists().where(
        appointments.c.booking_id == bookings.c.id,
        sa.or_(appointments.c.state == AppointmentState.CANCELLED.value, appointments.c.cancellation_id.is_not(None)),
    )
    is_booked = bookings.c.state == BookingState.BOOKED.value
    return (
        sa.select(bookings.c.id, bookings.c.state, reservations.c.state.label("reservation"))
        .select_from(bookings)
        .join(installation, installation.c.id != "")
        .join(reservations, reservations.c.key == key)
        .where(
            bookings.c.state != BookingState.BOOKING.value,
            is_booked != is_reserved,
            ~(is_booked & given_back),
        )
    )


def _occupancy() -> sa.Select[Any]:
    """Orders whose occupancy differs from their booking attempts in progress plus their appointments not ended."""
    in_progress = (
        sa.select(sa.func.count())
        .where(
            requests.c.order_id == orders.c.id,
            requests.c.state == State.BOOKING.value,
            requests.c.reschedule_id.is_(None),
        )
        .scalar_subquery()
    )
    standing = (
        sa.select(sa.func.count())
        .where(appointments.c.order_id == orders.c.id, appointments.c.state.not_in(sorted(APPOINTMENT_FINAL)))
        .scalar_subquery()
    )
    return sa.select(
        orders.c.id, orders.c.occupancy, in_progress.label("in_progress"), standing.label("standing")
    ).where(orders.c.occupancy != in_progress + standing)


def _foreign_requests() -> sa.Select[Any]:
    """Appointment-requests that can still be booked and whose owner differs from their order's owner."""
    is_bookable = requests.c.state.in_([state.value for state in (State.SEARCHING, State.OPEN, State.FAILED)])
    is_being_booked = sa.and_(
        requests.c.state == State.BOOKING.value,
        requests.c.reschedule_id.is_(None),
        requests.c.transferred_on.is_(None),
    )
    return (
        sa.select(requests.c.id, requests.c.owner, orders.c.id.label("order"), orders.c.owner.label("order_owner"))
        .join(orders, orders.c.id == requests.c.order_id)
        .where(sa.or_(is_bookable, is_being_booked), requests.c.owner != orders.c.owner)
    )


def _foreign_appointments() -> sa.Select[Any]:
    """Appointments whose owner differs from the owner of their appointment-request and booking attempt."""
    return (
        sa.select(appointments.c.id, appointments.c.owner, bookings.c.owner.label("booking_owner"))
        .join(bookings, bookings.c.id == appointments.c.booking_id)
        .join(requests, requests.c.id == appointments.c.request_id)
        .where(sa.or_(appointments.c.owner != bookings.c.owner, appointments.c.owner != requests.c.owner))
    )


def _refusals() -> sa.Select[Any]:
    """Refused booking attempts without a problem code, and other attempts with a problem code."""
    return sa.select(bookings.c.id, bookings.c.state, bookings.c.refusal).where(
        (bookings.c.state == BookingState.REFUSED.value) != bookings.c.refusal.is_not(None)
    )


RULES: Mapping[str, Any] = {
    "state-is-that-of-the-last-event": _last_event(),
    "nothing-follows-a-final-state": _final_left(),
    "booked-means-one-appointment": _appointments(),
    "attempt-stands-where-its-request-does": _attempts(),
    "searching-has-a-job": _jobs(State.SEARCHING, "search"),
    "booking-has-a-job": _jobs(State.BOOKING, "book", "reschedule-appointment"),
    "open-has-an-offer": _offers(),
    "capacity-taken-is-reserved": _capacity(),
    "attempt-ended-as-decided": _reservations(),
    "occupancy-counts-the-bookings-of-an-order": _occupancy(),
    "bookable-only-by-the-owner-of-the-order": _foreign_requests(),
    "appointment-has-the-owner-of-its-booking": _foreign_appointments(),
    "refused-attempt-has-a-code": _refusals(),
    **APPOINTMENT_RULES,
    **RESCHEDULE_RULES,
    **ARCHIVE_RULES,
}
