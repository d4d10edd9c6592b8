"""Confirmed booking attempts and the appointments that result from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.requests import BOOKED
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import DETAILS, BigId, Instant, database_now
from connect_appointments.store.queries.bookings import Attempt
from connect_appointments.store.queries.jobs import Job, finish_statement
from connect_appointments.store.queries.requests import link_transition
from connect_appointments.store.statements import given
from connect_appointments.store.tables import appointment_requests, appointments, bookings, orders
from connect_appointments.store.transaction import Transaction

_booked = given(
    job_id=BigId,
    tries=sa.Integer(),
    id=BigId,
    owner=sa.Text(),
    client=sa.Text(),
    x_request_id=sa.Text(),
    booking_id=BigId,
    workforce_id=sa.Text(),
    ends_on=Instant(),
    cancellable_until=Instant(),
    slot_as_of=Instant(),
)


def _confirm(link: Link) -> Any:
    finished = link("finished", finish_statement(_booked.c.job_id, _booked.c.tries))
    is_finished = sa.and_(finished.c.id == _booked.c.job_id, finished.c.tries == _booked.c.tries)
    columns = [column for column in _booked.c if column.name != "place"]
    rows = sa.select(*columns).join(finished, is_finished).subquery("confirmed_rows")
    is_under_way = bookings.c.state == BookingState.BOOKING.value
    ended = link(
        "ended",
        sa.update(bookings)
        .where(bookings.c.id == rows.c.booking_id, is_under_way)
        .values(state=BookingState.BOOKED.value, ended_on=database_now())
        .returning(bookings.c.id),
    )
    made = link("made", _appointments_of(rows))
    with_appointments = sa.select(*rows.c, made.c.id.label("appointment_id"))
    became = with_appointments.join(made, made.c.booking_id == rows.c.booking_id).subquery("became")
    changed = link_transition(link, BOOKED, became, appointment_id=became.c.appointment_id)
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
    """The statement that inserts the appointments of booking attempts, with a copy of their orders' current details."""
    own = (
        "request_id",
        "booking_id",
        "owner",
        "order_id",
        "workforce_id",
        "state",
        "slot",
        "ends_on",
        "cancellable_until",
        "slot_as_of",
    )
    attempt = (
        bookings.c.request_id,
        bookings.c.id,
        bookings.c.owner,
        appointment_requests.c.order_id,
        rows.c.workforce_id,
        sa.literal(AppointmentState.BOOKED.value),
        bookings.c.slot,
        rows.c.ends_on,
        rows.c.cancellable_until,
        rows.c.slot_as_of,
    )
    query = (
        sa.select(*attempt, *(orders.c[name] for name in DETAILS), database_now(), database_now())
        .select_from(rows)
        .join(bookings, bookings.c.id == rows.c.booking_id)
        .join(appointment_requests, appointment_requests.c.id == bookings.c.request_id)
        # Only while the order and the attempt have the same owner.
        .join(orders, sa.and_(orders.c.id == appointment_requests.c.order_id, orders.c.owner == bookings.c.owner))
    )
    insert = sa.insert(appointments).from_select([*own, *DETAILS, "created_on", "updated_on"], query)
    return insert.returning(appointments.c.id, appointments.c.booking_id)


_CONFIRM = Chain(_confirm)


class Confirmed(NamedTuple):
    """A booking attempt with a reserved slot: the claim of its job, the attempt, and the actor.

    cancellable_until: the point of no return of the appointment (D41).
    slot_as_of: the workforce system's time of the reservation; None if it tells none.
    """

    job: Job
    attempt: Attempt
    client: str
    workforce_id: str
    cancellable_until: datetime
    slot_as_of: datetime | None = None


async def confirm(transaction: Transaction, reserved: Sequence[Confirmed]) -> None:
    """Create the appointments of booking attempts, except where another worker has claimed the job since.

    The caller has locked the appointment-requests and their orders. Raises AssertionError if a request is not `booking`
    with this attempt: the caller has checked the locked row.
    """
    rows = [
        (
            *one.job.key,
            *(one.attempt.request_id, one.attempt.owner, one.client, one.job.x_request_id),
            *(one.attempt.id, one.workforce_id, one.attempt.slot.end, one.cancellable_until, one.slot_as_of),
        )
        for one in reserved
    ]
    for row in await transaction.fetch(_CONFIRM, rows):
        if None in row:
            raise AssertionError(f"booking attempt {row.booking_id} was confirmed in part: {row}")
