"""The tables of the installation, of orders, and of the erasure of their contacts."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.columns import BigId, Instant, contact_index, details, id_column, metadata

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
