"""The rules of reschedules, for `verify`: each is a query for the rows that violate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.requests import State
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.queries.slots import local_day_of, slot_type_of
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import appointments, installation, jobs, reschedules, reservations

_IS_DECIDING = reschedules.c.state == RescheduleState.DECIDING.value


def _rescheduling() -> sa.Select[Any]:
    """Appointments that are rescheduling without a reschedule in progress of their own."""
    is_theirs = sa.and_(
        reschedules.c.id == appointments.c.reschedule_id, reschedules.c.appointment_id == appointments.c.id
    )
    has = sa.exists().where(is_theirs, _IS_DECIDING)
    is_rescheduling = appointments.c.state == AppointmentState.RESCHEDULING.value
    return sa.select(appointments.c.id, appointments.c.reschedule_id).where(is_rescheduling, ~has)


def _deciding() -> sa.Select[Any]:
    """Reschedules in progress without a job, without a request that is `booking`, or of an unchanging appointment."""
    is_unchanging = appointments.c.state.in_([AppointmentState.BOOKED.value, AppointmentState.CANCELLING.value])
    is_other = sa.or_(appointments.c.reschedule_id.is_(None), appointments.c.reschedule_id != reschedules.c.id)
    has_request = sa.exists().where(
        requests.c.id == reschedules.c.request_id,
        requests.c.reschedule_id == reschedules.c.id,
        requests.c.state == State.BOOKING.value,
    )
    has_job = sa.exists().where(jobs.c.reschedule_id == reschedules.c.id)
    return (
        sa.select(reschedules.c.id, reschedules.c.appointment_id, appointments.c.state)
        .join(appointments, appointments.c.id == reschedules.c.appointment_id)
        .where(_IS_DECIDING, sa.or_(is_unchanging, is_other, ~has_request, ~has_job))
    )


def _places() -> sa.Select[Any]:
    """Appointments whose place in the calendar is another one than their slot, unless a reschedule is in progress."""
    key = installation.c.id + "-" + sa.cast(appointments.c.booking_id, sa.Text)
    is_elsewhere = sa.or_(
        reservations.c.day != local_day_of(appointments.c.slot),
        reservations.c.slot_type != slot_type_of(appointments.c.slot),
    )
    is_changing = sa.exists().where(reschedules.c.appointment_id == appointments.c.id, _IS_DECIDING)
    return (
        sa.select(appointments.c.id, appointments.c.slot, reservations.c.day, reservations.c.slot_type)
        .select_from(appointments)
        .join(installation, installation.c.id != "")
        .join(reservations, reservations.c.key == key)
        .where(reservations.c.state == ReservationState.RESERVED.value, is_elsewhere, ~is_changing)
    )


RESCHEDULE_RULES: Mapping[str, sa.Select[Any]] = {
    "rescheduling-has-a-reschedule": _rescheduling(),
    "reschedule-in-progress-has-its-rows": _deciding(),
    "place-is-the-slot-of-the-appointment": _places(),
}
