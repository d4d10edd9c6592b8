"""The places of our own calendar: per area, day and half-day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import SlotType
from connect_appointments.store.tables import capacity, reservations

ROWS_A_STATEMENT = 1000


class Window(NamedTuple):
    """One window of one area."""

    area: str
    day: date
    slot_type: SlotType


class Places(NamedTuple):
    """How many visits a window holds."""

    window: Window
    places: int


class Usage(NamedTuple):
    """How many visits a window holds, and how many of them are taken: more than it holds after it was lowered."""

    window: Window
    places: int
    taken: int


_USAGE = (capacity.c.area, capacity.c.day, capacity.c.slot_type, capacity.c.places, capacity.c.taken)


async def usage(connection: AsyncConnection, *, area: str | None, first: date, limit: int) -> Sequence[Usage]:
    """Up to `limit` windows from a day on, by day and area; `area` None is every area."""
    query = sa.select(*_USAGE).where(capacity.c.day >= first).order_by(capacity.c.day, capacity.c.area, _USAGE[2])
    if area is not None:
        query = query.where(capacity.c.area == area)
    return [_used(row) for row in await connection.execute(query.limit(limit))]


async def overfull(connection: AsyncConnection) -> Sequence[Usage]:
    """The windows that hold less than is taken."""
    query = sa.select(*_USAGE).where(capacity.c.taken > capacity.c.places)
    return [_used(row) for row in await connection.execute(query)]


def _used(row: Any) -> Usage:
    return Usage(Window(row.area, row.day, SlotType(row.slot_type)), row.places, row.taken)


async def with_room(connection: AsyncConnection, area: str, days: Collection[date]) -> set[Window]:
    """The windows of an area, on these days, that have a free place."""
    query = sa.select(capacity.c.area, capacity.c.day, capacity.c.slot_type).where(
        capacity.c.area == area, capacity.c.day.in_(days), capacity.c.taken < capacity.c.places
    )
    return {Window(row.area, row.day, SlotType(row.slot_type)) for row in await connection.execute(query)}


async def decision(connection: AsyncConnection, booking_id: int) -> bool | None:
    """What was decided on a booking attempt: granted, refused, or None for not yet."""
    query = sa.select(reservations.c.granted).where(reservations.c.booking_id == booking_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def decide(connection: AsyncConnection, booking_id: int, window: Window, *, granted: bool) -> None:
    """Write the decision on a booking attempt, for good."""
    values = {"booking_id": booking_id, "granted": granted, **window._asdict()}
    await connection.execute(sa.insert(reservations).values(values))


async def take_place(connection: AsyncConnection, window: Window) -> bool:
    """Take one place of a window, if there is one."""
    statement = (
        sa.update(capacity)
        .where(
            capacity.c.area == window.area,
            capacity.c.day == window.day,
            capacity.c.slot_type == window.slot_type,
            capacity.c.taken < capacity.c.places,
        )
        .values(taken=capacity.c.taken + 1)
    )
    return (await connection.execute(statement)).rowcount == 1


async def set_places(connection: AsyncConnection, found: Sequence[Places], *, overwrite: bool = True) -> None:
    """Set how many places windows have; places taken stay taken. No window may be there twice.

    overwrite: change windows that are known, or leave them as they are.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    keys = ["area", "day", "slot_type"]
    statement = insert(capacity)
    if overwrite:
        changes = {"places": statement.excluded.places}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    rows = [{**item.window._asdict(), "places": item.places, "taken": 0} for item in found]
    if rows:
        await connection.execute(statement, rows)
