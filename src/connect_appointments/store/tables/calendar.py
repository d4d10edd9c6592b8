"""The tables of the built-in calendar: capacity, and the decision for each key."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.columns import BigId, Instant, known_states, metadata

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
    # When the operator recorded that the work has begun or ended; from then on no cancel and no move is granted.
    sa.Column("closed_on", Instant),
    known_states("state", ReservationState),
    sa.Index("ix_reservations_area_day_slot_type", "area", "day", "slot_type"),
)
"""The calendar's decision for each key, made once: a repeated call returns the same decision."""
