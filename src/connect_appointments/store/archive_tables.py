"""The archive: for each table with old rows, a table with the same columns (D50)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.store.columns import contact_index
from connect_appointments.store.tables import (
    appointment_requests,
    appointments,
    bookings,
    cancellations,
    events,
    metadata,
    offers,
    reschedules,
)

PREFIX = "archived_"


def _archived(table: sa.Table, *indexed: str, more: Sequence[sa.Index] = ()) -> sa.Table:
    """The archive of a table: its columns and primary key, without generated ids, checks and foreign keys.

    indexed: the columns with an index of their own.
    """
    columns = [
        sa.Column(
            column.name,
            column.type,
            primary_key=column.primary_key,
            nullable=column.nullable,
            index=column.name in indexed,
            autoincrement=False,
        )
        for column in table.columns
    ]
    return sa.Table(f"{PREFIX}{table.name}", metadata, *columns, *more)


archived_requests = _archived(appointment_requests, "order_id")
archived_offers = _archived(offers)
archived_bookings = _archived(bookings, "request_id")
archived_appointments = _archived(
    appointments,
    "request_id",
    "booking_id",
    "order_id",
    more=[contact_index(f"{PREFIX}appointments", "created_on")],
)
archived_cancellations = _archived(cancellations, "appointment_id")
archived_reschedules = _archived(reschedules, "appointment_id", "request_id")
archived_events = _archived(events, "request_id")

ARCHIVE = {
    appointment_requests: archived_requests,
    offers: archived_offers,
    bookings: archived_bookings,
    appointments: archived_appointments,
    cancellations: archived_cancellations,
    reschedules: archived_reschedules,
    events: archived_events,
}
"""Every table with an archive; a table comes before the tables that refer to it."""
