"""All use cases of owners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.engine import Database
from connect_appointments.usecases.appointment_cancellations import AppointmentCancellations
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.usecases.appointment_reschedules import AppointmentReschedules
from connect_appointments.usecases.appointments import Appointments
from connect_appointments.usecases.bookings import Bookings
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.options import ServiceOptions


@dataclass(frozen=True)
class Service:
    """The use cases by resource."""

    appointment_requests: AppointmentRequests
    bookings: Bookings
    appointment_cancellations: AppointmentCancellations
    appointment_reschedules: AppointmentReschedules
    appointments: Appointments


def create_service(
    database: Database,
    policy: BookingPolicy,
    clock: Clock,
    options: ServiceOptions,
    on_new_job: Callable[[str], None],
) -> Service:
    """Create the use cases on a database.

    on_new_job: called with the kind of a new job, after the commit that inserted the job.
    """
    return Service(
        AppointmentRequests(database, policy, clock, max_waiting=options.max_waiting, on_new_job=on_new_job),
        Bookings(
            database,
            one_per_order=options.one_appointment_per_order,
            assume_over_days=options.assume_over_days,
            max_waiting=options.max_waiting,
            on_new_job=on_new_job,
        ),
        appointment_cancellations=AppointmentCancellations(
            database, max_waiting=options.max_waiting, on_new_job=on_new_job
        ),
        appointment_reschedules=AppointmentReschedules(
            database, max_waiting=options.max_waiting, on_new_job=on_new_job
        ),
        appointments=Appointments(database, max_waiting=options.max_waiting),
    )
