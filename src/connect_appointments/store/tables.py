"""The tables, declared once for both engines. The migrations build exactly these tables."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.requests import State
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.columns import BigId, Instant, contact_index, details, id_column, known_states

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
)
"""A single row: eight random characters, made by the migration, the prefix of the keys sent to a workforce system."""

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("area", sa.Text, nullable=False),
    *details(),
    # Number of booking attempts in progress, plus the appointments in a state that is not final (D27).
    sa.Column("occupancy", sa.Integer, nullable=False, server_default="0"),
    sa.Column("imported_on", Instant, nullable=False),
    contact_index("orders", "imported_on"),
)

appointment_requests = sa.Table(
    "appointment_requests",
    metadata,
    id_column(),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("order_id", BigId, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("date_from", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("booking_id", BigId),
    sa.Column("created_on", Instant, nullable=False),
    sa.Column("updated_on", Instant, nullable=False),
    sa.Column("cancelled_on", Instant),
    # End of the workforce system's hold on the offer; null if there is no hold.
    sa.Column("held_until", Instant),
    # The end of the offer (D47); null for an offer without slots, which never ends.
    sa.Column("offer_expires_on", Instant),
    # The appointment that the request became. After a reschedule, two requests have the same appointment.
    sa.Column("appointment_id", BigId),
    # The reschedule that takes a slot of this request.
    sa.Column("reschedule_id", BigId),
    # For the lists of an order, which are kept to one owner: rows of other owners are not read.
    sa.Index("ix_appointment_requests_of_order", "order_id", "owner", "id"),
    known_states("state", State),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancelled_on"),
    sa.CheckConstraint("(state = 'booked') = (appointment_id IS NOT NULL)", name="appointment_id"),
    sa.CheckConstraint(
        "state NOT IN ('booking', 'booked') OR booking_id IS NOT NULL OR reschedule_id IS NOT NULL", name="booking_id"
    ),
    sqlite_autoincrement=True,
)

offers = sa.Table(
    "offers",
    metadata,
    sa.Column("request_id", BigId, sa.ForeignKey("appointment_requests.id"), primary_key=True, autoincrement=False),
    sa.Column("slots", sa.Text, nullable=False),
)

bookings = sa.Table(
    "bookings",
    metadata,
    id_column(),
    sa.Column("request_id", BigId, sa.ForeignKey("appointment_requests.id"), nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("slot_id", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_on", Instant, nullable=False),
    sa.Column("ended_on", Instant),
    # The problem code of a refused booking attempt.
    sa.Column("refusal", sa.Text),
    known_states("state", BookingState),
    sa.CheckConstraint("(state = 'booking') = (ended_on IS NULL)", name="ended_on"),
    sqlite_autoincrement=True,
)

appointments = sa.Table(
    "appointments",
    metadata,
    id_column(),
    # The appointment-request whose slot it has now: after a reschedule, the request of the new slot.
    sa.Column("request_id", BigId, sa.ForeignKey("appointment_requests.id"), nullable=False, unique=True),
    # The booking attempt that made it; its number is in the key of the workforce system.
    sa.Column("booking_id", BigId, sa.ForeignKey("bookings.id"), nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("order_id", BigId, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("workforce_id", sa.Text, nullable=False, unique=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("ends_on", Instant, nullable=False),
    *details(),
    sa.Column("created_on", Instant, nullable=False),
    sa.Column("updated_on", Instant, nullable=False),
    # The point of no return (D41), of the current slot.
    sa.Column("cancellable_until", Instant, nullable=False),
    sa.Column("cancelled_on", Instant),
    sa.Column("cancelled_by", sa.Text),
    sa.Column("reason", sa.Text),
    # When its state became final.
    sa.Column("ended_on", Instant),
    # Its latest cancellation and its latest reschedule.
    sa.Column("cancellation_id", BigId),
    sa.Column("reschedule_id", BigId),
    sa.Index("ix_appointments_of_order", "order_id", "owner", "id"),
    known_states("state", AppointmentState),
    known_states("cancelled_by", CancelledBy, "known_cancelled_by"),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancelled_on"),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_by IS NOT NULL)", name="cancelled_by"),
    sa.CheckConstraint("(state IN ('completed', 'incomplete', 'cancelled')) = (ended_on IS NOT NULL)", name="ended_on"),
    sa.CheckConstraint("state <> 'cancelling' OR cancellation_id IS NOT NULL", name="cancellation_id"),
    sa.CheckConstraint("state <> 'rescheduling' OR reschedule_id IS NOT NULL", name="reschedule_id"),
    # A use never ends before the creation, which never changes: updates of other columns leave the index alone.
    contact_index("appointments", "created_on"),
    sqlite_autoincrement=True,
)

cancellations = sa.Table(
    "cancellations",
    metadata,
    id_column(),
    sa.Column("appointment_id", BigId, sa.ForeignKey("appointments.id"), nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # The problem code of a refused cancellation.
    sa.Column("refusal", sa.Text),
    sa.Column("cancelled_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("requested_on", Instant, nullable=False),
    sa.Column("ended_on", Instant),
    known_states("state", CancellationState),
    known_states("cancelled_by", CancelledBy, "known_cancelled_by"),
    sa.CheckConstraint("(state = 'deciding') = (ended_on IS NULL)", name="ended_on"),
    sa.CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refusal"),
    sqlite_autoincrement=True,
)

reschedules = sa.Table(
    "reschedules",
    metadata,
    id_column(),
    sa.Column("appointment_id", BigId, sa.ForeignKey("appointments.id"), nullable=False, index=True),
    # The appointment-request that offers the new slot.
    sa.Column("request_id", BigId, sa.ForeignKey("appointment_requests.id"), nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("slot_id", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # The problem code of a refused reschedule.
    sa.Column("refusal", sa.Text),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("requested_on", Instant, nullable=False),
    sa.Column("ended_on", Instant),
    known_states("state", RescheduleState),
    sa.CheckConstraint("(state = 'deciding') = (ended_on IS NULL)", name="ended_on"),
    sa.CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refusal"),
    sqlite_autoincrement=True,
)

jobs = sa.Table(
    "jobs",
    metadata,
    id_column(),
    # The registry defines the valid kinds, so that a new kind needs no migration.
    sa.Column("kind", sa.Text, nullable=False),
    # No foreign keys here: moving a row to the archive would search the whole table for each.
    sa.Column("request_id", BigId),
    sa.Column("booking_id", BigId),
    sa.Column("x_request_id", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    # The error after which the job waits; null while a worker has leased the job.
    sa.Column("last_error", sa.Text),
    sa.Column("cancellation_id", BigId),
    sa.Column("reschedule_id", BigId),
    sa.Index("ix_jobs_kind_due_at", "kind", "due_at"),
    # For bringing the release of an offer forward; jobs of other kinds are not in this index.
    sa.Index(
        "ix_jobs_release_offer",
        "request_id",
        postgresql_where=sa.text("kind = 'release-offer'"),
        sqlite_where=sa.text("kind = 'release-offer'"),
    ),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    id_column(),
    # No foreign key: the event log is independent, and each check would slow down the most frequent statement.
    sa.Column("request_id", BigId, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("x_request_id", sa.Text, nullable=False),
    sa.Column("booking_id", BigId),
    # Null for an event of the appointment-request itself.
    sa.Column("appointment_id", BigId),
    # JSON: what the event changes besides the state.
    sa.Column("detail", sa.Text),
    sa.Index(
        "ix_events_appointment_id",
        "appointment_id",
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
        sqlite_where=sa.text("appointment_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

recurring_jobs = sa.Table(
    "recurring_jobs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    # The next run; while a worker runs the job, the end of its lease.
    sa.Column("due_at", Instant, nullable=False),
    # How far the job has come, in a format of its own.
    sa.Column("cursor", sa.Text),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    # No foreign key, as in jobs: a key is forgotten before its request moves to the archive.
    sa.Column("request_id", BigId, nullable=False),
    sa.Column("created_on", Instant, nullable=False, index=True),
)

capacity = sa.Table(
    "capacity",
    metadata,
    sa.Column("area", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("slot_type", sa.Text, primary_key=True),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.CheckConstraint("taken >= 0", name="taken_counts"),
    sa.CheckConstraint("capacity >= 0", name="capacity_counts"),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("area", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("slot_type", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # The number of the last decided move; a lower number comes from a late call.
    sa.Column("move_number", BigId, nullable=False, server_default="0"),
    known_states("state", ReservationState),
    sa.Index("ix_reservations_area_day_slot_type", "area", "day", "slot_type"),
)
"""The calendar's decision for each key, made once: a repeated call returns the same decision."""

contact_erasures = sa.Table(
    "contact_erasures",
    metadata,
    id_column(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("x_request_id", sa.Text, nullable=False),
    # The order that an operator named; null for a batch of the recurring job.
    sa.Column("order_id", BigId),
    # Rows whose contacts were erased.
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("appointments", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""The events of erasures: they count rows, and name no contact."""
