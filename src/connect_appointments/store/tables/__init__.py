"""The tables, declared once for both engines. The migrations build exactly these tables."""

from __future__ import annotations

from connect_appointments.store.columns import metadata
from connect_appointments.store.tables.appointments import appointments, cancellations, early_news, reschedules
from connect_appointments.store.tables.calendar import capacity, reservations
from connect_appointments.store.tables.events import events
from connect_appointments.store.tables.jobs import jobs, recurring_jobs
from connect_appointments.store.tables.orders import contact_erasures, installation, orders
from connect_appointments.store.tables.requests import appointment_requests, bookings, idempotency_keys, offers

__all__ = [
    "appointment_requests",
    "appointments",
    "bookings",
    "cancellations",
    "capacity",
    "contact_erasures",
    "early_news",
    "events",
    "idempotency_keys",
    "installation",
    "jobs",
    "metadata",
    "offers",
    "orders",
    "recurring_jobs",
    "reschedules",
    "reservations",
]
