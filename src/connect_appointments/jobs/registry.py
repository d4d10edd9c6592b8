"""THE table of job kinds: the job, its concurrency, its retry schedule, and the action after its last failure."""

from __future__ import annotations

from collections.abc import Sequence

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.appointment_news import AppointmentNews
from connect_appointments.jobs.book import Book
from connect_appointments.jobs.cancel_appointment import CancelAppointment
from connect_appointments.jobs.cancel_reservation import CancelReservation
from connect_appointments.jobs.erase_contacts import EraseContacts
from connect_appointments.jobs.kinds import JobKind, RetrySchedule
from connect_appointments.jobs.options import OF_LEASE, WorkerOptions
from connect_appointments.jobs.recurring import RecurringJob
from connect_appointments.jobs.release_offer import ReleaseOffer
from connect_appointments.jobs.reschedule_appointment import RescheduleAppointment
from connect_appointments.jobs.search import Search
from connect_appointments.store.engine import Database
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.contact_erasures import Ages
from connect_appointments.workforce.port import Workforce


def job_kinds(
    database: Database, workforce: Workforce, policy: BookingPolicy, clock: Clock, options: WorkerOptions
) -> Sequence[JobKind]:
    """Every kind of job."""
    seconds = options.lease_seconds * OF_LEASE
    for_ever = RetrySchedule(options.backoff_seconds, options.max_backoff_seconds)
    until_failed = RetrySchedule(options.backoff_seconds, options.max_backoff_seconds, options.search_tries)
    return (
        Search(database, workforce, policy, clock, answer_seconds=seconds).kind(options.slots, until_failed),
        Book(database, workforce, policy, clock, answer_seconds=seconds).kind(options.slots, for_ever),
        ReleaseOffer(database, workforce, answer_seconds=seconds).kind(options.slots, for_ever),
        CancelAppointment(database, workforce, answer_seconds=seconds).kind(options.slots, for_ever),
        CancelReservation(database, workforce, answer_seconds=seconds).kind(options.slots, for_ever),
        # Changes of appointments
        RescheduleAppointment(database, workforce, policy, clock, answer_seconds=seconds).kind(options.slots, for_ever),
    )


def recurring_jobs(
    database: Database, workforce: Workforce, policy: BookingPolicy, options: WorkerOptions
) -> Sequence[RecurringJob]:
    """Every recurring job."""
    ages = Ages(options.erase_contacts_after_days, options.assume_over_days)
    return (
        EraseContacts(database, ages).job(),
        AppointmentNews(database, workforce, policy).job(options.news_seconds),
    )
