"""The tables of appointments, their changes, and news that came before them."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.store.columns import BigId, Instant, contact_index, details, id_column, known_states, metadata

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
    # The workforce system's time of its latest report of the slot; null if the system tells none.
    sa.Column("slot_as_of", Instant),
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

early_news = sa.Table(
    "early_news",
    metadata,
    id_column(),
    sa.Column("workforce_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("slot", sa.Text),
    sa.Column("received_on", Instant, nullable=False),
    # The latest booking attempt at that time: a later one cannot be the subject of the news.
    sa.Column("booking_id", BigId, nullable=False),
    sqlite_autoincrement=True,
)
"""News of appointments whose bookings are not confirmed yet; it is applied when they are."""
