"""What must hold in every database, whatever has crashed: each rule is a query that finds where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import CREATED, MOVES, State
from connect_appointments.core.model import BookingState
from connect_appointments.store.jobs import JobKind
from connect_appointments.store.tables import (
    appointment_requests as requests,
)
from connect_appointments.store.tables import (
    appointments,
    bookings,
    capacity,
    events,
    jobs,
    offers,
    reservations,
)

MAX_FINDINGS = 100
"""Of each rule; where there are more, there is something to mend before counting."""


class Finding(NamedTuple):
    """One place where a rule does not hold: the rule, and the row that breaks it."""

    rule: str
    row: Mapping[str, Any]


async def findings(connection: AsyncConnection) -> Sequence[Finding]:
    """Everything that is wrong, up to a hundred rows a rule; empty when all is well."""
    found: list[Finding] = []
    for rule, query in RULES.items():
        rows = (await connection.execute(query.limit(MAX_FINDINGS))).mappings()
        found += [Finding(rule, dict(row)) for row in rows]
    return found


def _last_event() -> sa.Select[Any]:
    """Requests whose state is not the one their last event entered."""
    entered = {CREATED: State.SEARCHING, **{move.name: move.enters for move in MOVES}}
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
        .where(final.c.kind.in_(["cancelled", "booked"]))
    )


def _appointments() -> sa.Select[Any]:
    """Requests that are booked without an appointment, or have one without being booked."""
    has = sa.exists().where(appointments.c.request_id == requests.c.id)
    return sa.select(requests.c.id, requests.c.state).where((requests.c.state == State.BOOKED) != has)


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


def _jobs(state: State, kind: JobKind) -> sa.Select[Any]:
    """Requests in a state that waits for a job there is not: nothing would ever move them on."""
    has = sa.exists().where(jobs.c.request_id == requests.c.id, jobs.c.kind == kind)
    return sa.select(requests.c.id, requests.c.state).where(requests.c.state == state, ~has)


def _offers() -> sa.Select[Any]:
    """Requests that are open and have no offer to choose from."""
    has = sa.exists().where(offers.c.request_id == requests.c.id)
    return sa.select(requests.c.id).where(requests.c.state == State.OPEN, ~has)


def _places() -> sa.Select[Any]:
    """Windows whose places taken are not the reservations granted."""
    granted = (
        sa.select(sa.func.count())
        .where(
            reservations.c.area == capacity.c.area,
            reservations.c.day == capacity.c.day,
            reservations.c.slot_type == capacity.c.slot_type,
            reservations.c.granted,
        )
        .scalar_subquery()
    )
    return sa.select(
        capacity.c.area, capacity.c.day, capacity.c.slot_type, capacity.c.taken, granted.label("granted")
    ).where(capacity.c.taken != granted)


def _reservations() -> sa.Select[Any]:
    """Booking attempts that ended otherwise than the calendar decided."""
    return (
        sa.select(bookings.c.id, bookings.c.state, reservations.c.granted)
        .join(reservations, reservations.c.booking_id == bookings.c.id)
        .where(
            bookings.c.state != BookingState.BOOKING,
            (bookings.c.state == BookingState.BOOKED) != reservations.c.granted,
        )
    )


RULES: Mapping[str, sa.Select[Any]] = {
    "state-is-that-of-the-last-event": _last_event(),
    "nothing-follows-a-final-state": _final_left(),
    "booked-means-one-appointment": _appointments(),
    "attempt-stands-where-its-request-does": _attempts(),
    "searching-has-a-job": _jobs(State.SEARCHING, JobKind.SEARCH),
    "booking-has-a-job": _jobs(State.BOOKING, JobKind.BOOK),
    "open-has-an-offer": _offers(),
    "places-taken-are-those-granted": _places(),
    "attempt-ended-as-decided": _reservations(),
}
