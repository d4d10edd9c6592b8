"""The record of every change of state: append-only, and without contact data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import Scope
from connect_appointments.store.scope import visible
from connect_appointments.store.statements import given
from connect_appointments.store.tables import BigId, Instant, events
from connect_appointments.store.transaction import Transaction


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


class NewEvent(NamedTuple):
    """An event to be recorded; `at` is the moment of the change that it records."""

    request_id: int
    kind: str
    at: datetime
    owner: str
    client: str
    trace: str
    booking_id: int | None = None


_new = given(
    request_id=BigId,
    kind=sa.Text(),
    at=Instant(),
    owner=sa.Text(),
    client=sa.Text(),
    trace=sa.Text(),
    booking_id=BigId,
)
_INSERT = sa.insert(events).from_select(
    list(NewEvent._fields), sa.select(*(_new.c[name] for name in NewEvent._fields)).order_by(_new.c.place)
)


async def record(transaction: Transaction, happened: Sequence[NewEvent]) -> None:
    """Write events in the transaction of the changes they record."""
    await transaction.execute(_INSERT, happened)


async def of_request(transaction: Transaction, scope: Scope, request_id: int) -> Sequence[Event]:
    """The events of one appointment-request, oldest first."""
    columns = [events.c[name] for name in Event._fields]
    query = sa.select(*columns).where(events.c.request_id == request_id, visible(events, scope)).order_by(events.c.id)
    return [Event(*row) for row in await transaction.fetch(query)]
