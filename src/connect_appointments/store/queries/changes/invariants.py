"""Invariants of appointments and their changes: each rule is a query for the rows that violate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.appointments import TRANSITIONS, AppointmentState
from connect_appointments.core.cancellations import CancellationState
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.tables import appointments, cancellations, events, installation, jobs, reservations

_is_deciding = cancellations.c.state == CancellationState.DECIDING.value
_is_cancelling = appointments.c.state == AppointmentState.CANCELLING.value


def _last_event() -> sa.Select[Any]:
    """Appointments whose state differs from the target of their last transition; without one, it is `booked`."""
    entered = {step.name: step.target.value for step in TRANSITIONS}
    last = (
        sa.select(events.c.appointment_id, sa.func.max(events.c.id).label("id"))
        .where(events.c.kind.in_(sorted(entered)), events.c.appointment_id.is_not(None))
        .group_by(events.c.appointment_id)
        .cte("last_of_appointment")
    )
    state = sa.case(entered, value=events.c.kind, else_=AppointmentState.BOOKED.value)
    return (
        sa.select(appointments.c.id, appointments.c.state, events.c.kind.label("last_event"))
        .outerjoin(last, last.c.appointment_id == appointments.c.id)
        .outerjoin(events, events.c.id == last.c.id)
        .where(state != appointments.c.state)
    )


def _cancelling() -> sa.Select[Any]:
    """Appointments in state `cancelling` without an undecided cancellation or without its job."""
    cancellation = sa.exists().where(cancellations.c.id == appointments.c.cancellation_id, _is_deciding)
    job = sa.exists().where(
        jobs.c.cancellation_id == appointments.c.cancellation_id, jobs.c.kind == "cancel-appointment"
    )
    return sa.select(appointments.c.id, appointments.c.cancellation_id).where(_is_cancelling, ~(cancellation & job))


def _deciding() -> sa.Select[Any]:
    """Undecided cancellations of an appointment that is not `cancelling` because of them."""
    is_theirs = sa.and_(
        appointments.c.id == cancellations.c.appointment_id, appointments.c.cancellation_id == cancellations.c.id
    )
    has = sa.exists().where(is_theirs, _is_cancelling)
    return sa.select(cancellations.c.id, cancellations.c.appointment_id).where(_is_deciding, ~has)


def _cancelled() -> sa.Select[Any]:
    """Cancellations in state `cancelled` of an appointment in another state."""
    return (
        sa.select(cancellations.c.id, appointments.c.id.label("appointment"), appointments.c.state)
        .join(appointments, appointments.c.id == cancellations.c.appointment_id)
        .where(
            cancellations.c.state == CancellationState.CANCELLED.value,
            appointments.c.state != AppointmentState.CANCELLED.value,
        )
    )


def _reserved() -> sa.Select[Any]:
    """Cancelled appointments for which the calendar still reserves capacity, without a job that releases it."""
    key = installation.c.id + "-" + sa.cast(appointments.c.booking_id, sa.Text)
    releases = sa.exists().where(
        sa.or_(jobs.c.booking_id == appointments.c.booking_id, jobs.c.reschedule_id == appointments.c.reschedule_id)
    )
    return (
        sa.select(appointments.c.id, reservations.c.key)
        .select_from(appointments)
        .join(installation, installation.c.id != "")
        .join(reservations, reservations.c.key == key)
        .where(
            appointments.c.state == AppointmentState.CANCELLED.value,
            reservations.c.state == ReservationState.RESERVED.value,
            ~releases,
        )
    )


APPOINTMENT_RULES: Mapping[str, sa.Select[Any]] = {
    "appointment-state-is-that-of-the-last-event": _last_event(),
    "cancelling-has-a-cancellation-and-a-job": _cancelling(),
    "undecided-cancellation-has-an-appointment": _deciding(),
    "cancelled-cancellation-has-a-cancelled-appointment": _cancelled(),
    "cancelled-appointment-has-no-capacity": _reserved(),
}
