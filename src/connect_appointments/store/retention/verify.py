"""The rules of `verify` for the archive: no row in two tables, whole families, and no job without its rows (D50)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.appointments import CHANGING
from connect_appointments.core.requests import State
from connect_appointments.store.archive_tables import (
    ARCHIVE,
    archived_appointments,
    archived_bookings,
    archived_cancellations,
    archived_events,
    archived_offers,
    archived_requests,
    archived_reschedules,
)
from connect_appointments.store.tables import appointment_requests, bookings, jobs

PARENTS = {
    archived_requests.c.appointment_id: archived_appointments,
    archived_offers.c.request_id: archived_requests,
    archived_bookings.c.request_id: archived_requests,
    archived_appointments.c.request_id: archived_requests,
    archived_appointments.c.booking_id: archived_bookings,
    archived_cancellations.c.appointment_id: archived_appointments,
    archived_reschedules.c.appointment_id: archived_appointments,
    archived_reschedules.c.request_id: archived_requests,
    archived_events.c.request_id: archived_requests,
}
"""The columns of the archive that refer to a row of it."""


def _key(table: sa.Table) -> Any:
    (column,) = table.primary_key.columns
    return column


def _in_both() -> Any:
    """Rows that are in a table and in its archive."""
    return sa.union_all(
        *(
            sa.select(sa.literal(table.name).label("table"), _key(table).label("id")).join(
                archive, _key(archive) == _key(table)
            )
            for table, archive in ARCHIVE.items()
        )
    )


def _in_part() -> Any:
    """Archived rows that refer to a row that is not in the archive."""
    return sa.union_all(
        *(
            sa.select(sa.literal(str(column)).label("column"), column.label("id")).where(
                column.is_not(None), ~sa.exists().where(_key(parent) == column)
            )
            for column, parent in PARENTS.items()
        )
    )


def _not_ended() -> Any:
    """Archived rows in a state that needs a job."""
    states: Mapping[sa.Table, list[str]] = {
        archived_requests: [State.SEARCHING, State.BOOKING],
        archived_appointments: sorted(CHANGING),
    }
    return sa.union_all(
        *(sa.select(table.c.id, table.c.state).where(table.c.state.in_(found)) for table, found in states.items())
    )


def _jobs_without_rows() -> Any:
    """Jobs whose appointment-request or booking attempt is missing."""
    parents = {jobs.c.request_id: appointment_requests, jobs.c.booking_id: bookings}
    missing = [
        sa.and_(column.is_not(None), ~sa.exists().where(parent.c.id == column)) for column, parent in parents.items()
    ]
    return sa.select(jobs.c.id, jobs.c.kind, *parents).where(sa.or_(*missing))


ARCHIVE_RULES: Mapping[str, Any] = {
    "row-is-archived-or-not": _in_both(),
    "families-are-archived-whole": _in_part(),
    "archived-means-ended": _not_ended(),
    "job-has-its-rows": _jobs_without_rows(),
}
