"""The tables of appointment-requests: offers, booking attempts, and the keys of their creation."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.bookings import BookingState
from connect_appointments.core.requests import State
from connect_appointments.store.columns import BigId, Instant, id_column, known_states, metadata

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
    # When its order changed its owner during the booking attempt (D48); never null again, so the attempt is undone even
    # if the order comes back.
    sa.Column("transferred_on", Instant),
    # For the lists of an order, which are kept to one owner: rows of other owners are not read.
    sa.Index("ix_appointment_requests_of_order", "order_id", "owner", "id"),
    known_states("state", State),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancelled_on"),
    sa.CheckConstraint("(state = 'booked') = (appointment_id IS NOT NULL)", name="appointment_id"),
    sa.CheckConstraint(
        "state NOT IN ('booking', 'booked') OR booking_id IS NOT NULL OR reschedule_id IS NOT NULL", name="booking_id"
    ),
    sa.CheckConstraint("transferred_on IS NULL OR state IN ('booking', 'cancelled')", name="transferred_on"),
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
