"""What the store's tests start from: appointment-requests in each state, and two transactions side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import BOOK, BOOKED, CANCEL, SEARCH_FAILED, SLOTS_FOUND, State
from connect_appointments.core.model import Actor, Operator, Owner, Slot, SlotType
from connect_appointments.store import bookings, events, orders, requests
from connect_appointments.store.capacity import Window
from connect_appointments.store.engine import Database
from connect_appointments.store.requests import New
from tests.build import ALICE, BOB

ORDER, SECOND_ORDER, BOBS_ORDER = 1, 2, 11
ALICES, BOBS, EVERYBODYS = Owner(ALICE), Owner(BOB), Operator("test")
ACTOR = Actor(ALICES, "portal-api", "trace-of-alice")
DAY = date(2026, 11, 25)
NOBODYS_ID = 987_654
MORNING = Window("4000", DAY, SlotType.AM)


def slot(number: int = 1) -> Slot:
    """A morning, so many days after the first."""
    start = datetime(2026, 11, 23, 22, tzinfo=UTC) + timedelta(days=number)
    return Slot(f"slot-{number}", SlotType.AM, start, start + timedelta(hours=4), "+10:00")


async def created(database: Database, order_id: int = ORDER) -> int:
    """An appointment-request that is searching."""

    async def work(connection: AsyncConnection) -> int:
        order = await orders.get(connection, EVERYBODYS, order_id)
        assert order is not None
        return (await requests.insert(connection, [New(Actor(Owner(order.owner), "portal-api", "trace"), order, DAY)]))[
            0
        ]

    return await database.write(work)


async def opened(database: Database, order_id: int = ORDER) -> int:
    """An appointment-request with three slots on offer."""
    request_id = await created(database, order_id)

    async def work(connection: AsyncConnection) -> None:
        await requests.move(connection, ACTOR, request_id, SLOTS_FOUND)
        await requests.offer(connection, {request_id: [slot(1), slot(2), slot(3)]})

    await database.write(work)
    return request_id


async def being_booked(database: Database, order_id: int = ORDER) -> tuple[int, int]:
    """An appointment-request whose first slot is being booked, and the number of the attempt."""
    request_id = await opened(database, order_id)

    async def work(connection: AsyncConnection) -> int:
        booking_id = await bookings.insert(connection, ALICE, request_id, slot())
        await requests.move(connection, ACTOR, request_id, BOOK, entering_booking=booking_id)
        return booking_id

    return request_id, await database.write(work)


async def in_state(database: Database, state: State) -> int:
    """An appointment-request of Alice in a state."""
    if state is State.SEARCHING:
        return await created(database)
    if state is State.OPEN:
        return await opened(database)
    if state in {State.BOOKING, State.BOOKED}:
        request_id, booking_id = await being_booked(database)
        if state is State.BOOKED:
            assert await moved(database, request_id, BOOKED, leaving_booking=booking_id)
        return request_id
    request_id = await created(database)
    assert await moved(database, request_id, SEARCH_FAILED if state is State.FAILED else CANCEL)
    return request_id


async def moved(database: Database, request_id: int, move: Any, **changes: Any) -> bool:
    """Whether a move was made, in a transaction of its own."""
    return await database.write(lambda connection: requests.move(connection, ACTOR, request_id, move, **changes))


async def state_of(database: Database, request_id: int) -> State:
    """The state an appointment-request is in."""
    found = await database.read(lambda connection: requests.get(connection, EVERYBODYS, request_id))
    assert found is not None
    return found.state


async def kinds(database: Database, request_id: int) -> list[str]:
    """The kinds of an appointment-request's events, oldest first."""
    found = await database.read(lambda connection: events.of_request(connection, EVERYBODYS, request_id))
    return [event.kind for event in found]


async def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    """What a query answers."""

    async def work(connection: AsyncConnection) -> list[Any]:
        return list(await connection.execute(sa.text(statement), values))

    return await database.read(work)


async def execute(database: Database, statement: str, **values: Any) -> None:
    """Run a statement in a transaction of its own."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text(statement), values)

    await database.write(work)


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    """Ask until the answer is yes; a test that never gets one fails after ten seconds."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.005)


async def until_one_waits(url: str, count: int = 1) -> None:
    """Return once so many connections of a PostgreSQL database wait for a lock."""
    connection = await asyncpg.connect(url)
    query = """
        SELECT count(*) >= $1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    await until(lambda: connection.fetchval(query, count))
    await connection.close()
