"""The tables of background work."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.columns import BigId, Instant, id_column, metadata

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

recurring_jobs = sa.Table(
    "recurring_jobs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    # The next run; while a worker runs the job, the end of its lease.
    sa.Column("due_at", Instant, nullable=False),
    # How far the job has come, in a format of its own.
    sa.Column("cursor", sa.Text),
)
