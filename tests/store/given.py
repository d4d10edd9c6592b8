"""What the store's tests start from: appointment-requests in each state, and two transactions side by side."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa

from connect_appointments.core.capacity import Window
from connect_appointments.core.model import Actor, Operator, Owner, Slot, SlotType
from connect_appointments.core.requests import CANCEL, SEARCH_FAILED, SLOT_REFUSED, SLOTS_FOUND, State
from connect_appointments.core.transitions import Transition
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.withdrawals import Withdrawal, withdraw
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import bookings, capacity, events, jobs, offers, orders, requests
from connect_appointments.store.queries.bookings import NewAttempt
from connect_appointments.store.queries.confirmations import Confirmed, confirm
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import Change, NewRequest
from connect_appointments.store.tables import appointment_requests
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB, BRISBANE

ORDER, SECOND_ORDER, BOBS_ORDER = 1, 2, 11
ALICES, BOBS, EVERYBODYS = Owner(ALICE), Owner(BOB), Operator("test")
ACTOR = Actor(ALICES, "portal-api", "x_request_id-of-alice")
DAY = date(2026, 11, 25)
NOBODYS_ID = 987_654
POLICY = BookingPolicy(lambda _day, _state: True)
MORNING = Window("4000", DAY, SlotType.AM)

DRIVER_ERRORS = (sqlite3.Error, asyncpg.PostgresError)
VIOLATIONS = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
"""What the drivers raise where the database refuses a row."""


def slot(number: int = 1) -> Slot:
    """A morning, so many days after the first."""
    start = datetime(2026, 11, 23, 22, tzinfo=UTC) + timedelta(days=number)
    return Slot(f"slot-{number}", SlotType.AM, start, start + timedelta(hours=4), "+10:00")


async def created(database: Database, order_id: int = ORDER) -> int:
    """An appointment-request that is searching."""

    async def work(transaction: Transaction) -> int:
        order = await orders.get(transaction, EVERYBODYS, order_id)
        assert order is not None
        new = NewRequest(order.owner, order_id, DAY, "portal-api", "x_request_id")
        return (await requests.insert(transaction, [new]))[0]

    return await database.write(work)


async def opened(database: Database, order_id: int = ORDER) -> int:
    """An appointment-request with three slots on offer."""
    request_id = await created(database, order_id)

    async def work(transaction: Transaction) -> None:
        assert await led(transaction, SLOTS_FOUND, request_id)
        await offers.insert(transaction, {request_id: [slot(1), slot(2), slot(3)]})

    await database.write(work)
    return request_id


async def being_booked(database: Database, order_id: int = ORDER) -> tuple[int, int]:
    """An appointment-request whose first slot is being booked, and the number of the attempt."""
    request_id = await opened(database, order_id)
    return request_id, await database.write(lambda transaction: begun(transaction, request_id))


async def booked(database: Database, order_id: int = ORDER) -> tuple[int, int]:
    """An appointment-request that has become an appointment, and the number of the attempt."""
    request_id, booking_id = await being_booked(database, order_id)
    await database.write(lambda transaction: confirmed(transaction, booking_id))
    return request_id, booking_id


async def refused(database: Database, order_id: int = ORDER) -> tuple[int, int]:
    """An appointment-request that is open again because its slot was refused, and the number of the attempt."""
    request_id, booking_id = await being_booked(database, order_id)

    async def work(transaction: Transaction) -> None:
        await jobs.finish(transaction, [await job_of(transaction, booking_id)])
        assert await led(transaction, SLOT_REFUSED, request_id, booking_id)
        await bookings.refuse(transaction, {booking_id: "slot-unavailable"})
        await orders.occupy(transaction, {order_id: -1})
        await withdraw(transaction, [Withdrawal(request_id, slot().id, BRISBANE)], POLICY)

    await database.write(work)
    return request_id, booking_id


async def begun(transaction: Transaction, request_id: int, chosen: Slot | None = None) -> int:
    """Begin to book a slot of an open appointment-request, the first one unless another is given."""
    request = await requests.get(transaction, EVERYBODYS, request_id)
    assert request is not None
    new = NewAttempt(request_id, request.order_id, request.owner, "portal-api", "x_request_id", chosen or slot())
    return (await bookings.begin(transaction, [new], job="book"))[request_id]


async def confirmed(transaction: Transaction, booking_id: int, workforce_id: str | None = None) -> None:
    """Make an appointment of a booking attempt."""
    attempt = await bookings.attempt(transaction, booking_id)
    name = workforce_id or f"APT{booking_id:012d}"
    await confirm(
        transaction,
        [Confirmed(await job_of(transaction, booking_id), attempt, "worker", name, attempt.slot.start)],
    )


async def job_of(transaction: Transaction, booking_id: int) -> Job:
    """The job of a booking attempt, as a worker has it that claimed it last."""
    query = sa.text(
        "SELECT id, kind, request_id, booking_id, x_request_id, tries FROM jobs WHERE booking_id = :booking_id"
    )
    (row,) = await transaction.fetch(query, booking_id=booking_id)
    return Job(*row)


async def in_state(database: Database, state: State) -> int:
    """An appointment-request of Alice in a state."""
    if state is State.SEARCHING:
        return await created(database)
    if state is State.OPEN:
        return await opened(database)
    if state in {State.BOOKING, State.BOOKED}:
        return (await (being_booked if state is State.BOOKING else booked)(database))[0]
    request_id = await created(database)
    assert await moved(database, request_id, SEARCH_FAILED if state is State.FAILED else CANCEL)
    return request_id


async def led(
    transaction: Transaction, step: Transition[State], request_id: int, booking_id: int | None = None
) -> bool:
    """Lock an appointment-request and lead it to the target of a transition, where its state is one of the sources."""
    (row,) = await lock(transaction, request_locks.LOCK_ANY, [(request_id,)], wait=True)
    if row is None or row.state not in step.sources:
        return False
    await requests.transition(
        transaction, step, [Change(request_id, row.owner, "portal-api", "x_request_id", booking_id)]
    )
    return True


async def moved(database: Database, request_id: int, step: Transition[State], booking_id: int | None = None) -> bool:
    """Whether a transition was made, in a transaction of its own."""
    return await database.write(lambda transaction: led(transaction, step, request_id, booking_id))


async def let_expire(database: Database, *request_ids: int, year: int = 2000) -> datetime:
    """Let the offers of appointment-requests end at the beginning of a year; return that moment."""
    moment = datetime(year, 1, 1, tzinfo=UTC)
    table = appointment_requests
    statement = sa.update(table).where(table.c.id.in_(request_ids)).values(offer_expires_on=moment)
    await database.write(lambda transaction: transaction.execute(statement))
    return moment


async def take_place(transaction: Transaction, window: Window = MORNING) -> bool:
    """Take a place of a window, where it has one left."""
    usage = (await capacity.lock_windows(transaction, [window])).get(window)
    if usage is None or usage.taken >= usage.capacity:
        return False
    await capacity.take(transaction, {window: 1})
    return True


async def state_of(database: Database, request_id: int) -> State:
    """The state an appointment-request is in."""
    found = await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id))
    assert found is not None
    return found.state


async def kinds(database: Database, request_id: int) -> list[str]:
    """The kinds of an appointment-request's events, oldest first."""
    found = await database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id))
    return [event.kind for event in found]


async def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    """What a query answers."""
    return await database.read(lambda transaction: transaction.fetch(sa.text(statement), **values))


async def execute(database: Database, statement: str, **values: Any) -> None:
    """Run a statement in a transaction of its own."""
    await database.write(lambda transaction: transaction.execute(sa.text(statement), **values))


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
