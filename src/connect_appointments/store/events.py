"""The record of every change of state: append-only, and without contact data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import Actor, Scope
from connect_appointments.store.scope import visible
from connect_appointments.store.tables import database_now, events


class Event(NamedTuple):
    """What happened to an appointment-request, when, whose it is, and who did it."""

    id: int
    request_id: int
    kind: str
    at: datetime
    owner: str
    client: str
    trace: str
    booking_id: int | None


class Happened(NamedTuple):
    """What an event records: which appointment-request, whose it is, who did it, in which booking attempt."""

    request_id: int
    owner: str
    actor: Actor
    booking_id: int | None = None


async def record(connection: AsyncConnection, kind: str, happened: Sequence[Happened]) -> None:
    """Write events of one kind, in the transaction of the changes they record."""
    rows = [
        {
            "request_id": one.request_id,
            "owner": one.owner,
            "client": one.actor.client,
            "trace": one.actor.trace,
            "booking_id": one.booking_id,
        }
        for one in happened
    ]
    if rows:
        await connection.execute(sa.insert(events).values(kind=kind, at=database_now()), rows)


async def of_request(connection: AsyncConnection, scope: Scope, request_id: int) -> Sequence[Event]:
    """The events of one appointment-request, oldest first."""
    query = sa.select(events).where(events.c.request_id == request_id, visible(events, scope)).order_by(events.c.id)
    columns = [events.c[name] for name in Event._fields]
    return [Event(*row) for row in await connection.execute(query.with_only_columns(*columns))]
