"""The log of every state change: append-only, and without contact data."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.core.events import Event
from connect_appointments.core.model import Scope
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.retention.archive import in_archive
from connect_appointments.store.tables import events
from connect_appointments.store.transaction import Transaction


async def of_request(transaction: Transaction, scope: Scope, request_id: int) -> Sequence[Event]:
    """The events of an appointment-request, oldest first."""
    columns = [events.c[name] for name in Event._fields]
    query = sa.select(*columns).where(events.c.request_id == request_id, visible(events, scope))
    rows = await transaction.fetch(sa.union_all(query, in_archive(query)))
    return [Event(*row) for row in sorted(rows, key=lambda row: row.id)]
