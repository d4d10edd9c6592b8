"""The table of events, the log of every change of state."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.columns import BigId, Instant, id_column, metadata

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
