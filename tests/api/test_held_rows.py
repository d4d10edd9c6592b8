"""An open transaction that holds one row delays that row and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.usecases.options import ServiceOptions
from tests.api.holding import held
from tests.api_client import Api, number_of, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.store.given import kinds, until_one_waits
from tests.worker.workforces import Gated, calendar

pytestmark = pytest.mark.engines("postgresql")

REQUESTS = "appointment_requests"
MANY = 40


@pytest.fixture
async def small(database_url: str, issuer: Issuer, clock: Clock) -> AsyncIterator[Api]:
    """The service with four connections, two of which may wait; orders take any number of appointments."""
    database = Database(database_url, DatabaseOptions(pool_size=4))
    await fill(database, clock())
    options = ServiceOptions(one_appointment_per_order=False)
    async with serve_in_process(database, issuer, clock, service=options) as api:
        yield api
    await database.close()


async def test_a_held_row_delays_the_cancel_of_that_row_only(small: Api, database_url: str) -> None:
    one, *others = [(await small.opened(1))[0] for _ in range(6)]
    async with held(database_url, REQUESTS, one):
        waiting = asyncio.create_task(small.alice.cancel(one))
        await until_one_waits(database_url)
        answers = await asyncio.gather(*(small.alice.cancel(request_id) for request_id in others))
        assert [answer.status_code for answer in answers] == [204] * 5
        assert not waiting.done()
    assert (await waiting).status_code == 204


async def test_a_held_row_in_a_batch_delays_none_of_the_batch(small: Api, database_url: str) -> None:
    """All are asked for at once, so that they go to the database together."""
    one, *others = [(await small.opened(1))[0] for _ in range(6)]
    async with held(database_url, REQUESTS, one):
        waiting = asyncio.create_task(small.alice.cancel(one))
        together = [asyncio.create_task(small.alice.cancel(request_id)) for request_id in others]
        assert [answer.status_code for answer in await asyncio.gather(*together)] == [204] * 5
        assert not waiting.done()
    assert (await waiting).status_code == 204


async def test_a_held_row_delays_the_booking_of_that_row_only(small: Api, database_url: str) -> None:
    (one, slots), *others = [await small.opened(1) for _ in range(4)]
    async with held(database_url, REQUESTS, one):
        waiting = asyncio.create_task(small.alice.book(one, slots[0]["id"]))
        await until_one_waits(database_url)
        for request_id, offer in others:
            booking_id = number_of(await small.alice.book(request_id, offer[0]["id"]))
            settled = await small.settled(partial(small.alice.read_booking, booking_id))
            assert settled.status_code == 200
        assert not waiting.done()
    assert (await waiting).status_code == 201


async def test_a_held_row_does_not_delay_the_booking_of_the_orders_other_one(
    database: Database, database_url: str, issuer: Issuer, clock: Clock
) -> None:
    """Also where an order may have one appointment only, and its bookings go in turn."""
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock) as api:
        (one, slots), (other, others_slots) = await api.opened(1), await api.opened(1)
        async with held(database_url, REQUESTS, one):
            waiting = asyncio.create_task(api.alice.book(one, slots[0]["id"]))
            await until_one_waits(database_url)
            number_of(await api.alice.book(other, others_slots[0]["id"]))
            assert not waiting.done()
        answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (422, "order-has-appointment")


async def test_many_who_wait_to_book_a_held_orders_requests_leave_room_for_everybody_else(
    database_url: str, issuer: Issuer, clock: Clock
) -> None:
    database = Database(database_url, DatabaseOptions(pool_size=4))
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock) as api:
        found = [await api.opened(1) for _ in range(8)]
        async with held(database_url, "orders", 1):
            tasks = [asyncio.create_task(api.alice.book(request_id, slots[0]["id"])) for request_id, slots in found]
            await until_one_waits(database_url)
            await everything_works(api)
            assert not any(task.done() for task in tasks)
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*tasks))
    await database.close()
    assert statuses == [201, *[422] * 7]


async def test_a_search_that_waits_for_a_held_row_delays_no_other(
    database: Database, database_url: str, issuer: Issuer, clock: Clock
) -> None:
    workforce = Gated(calendar(database))
    workforce.searching.shut()
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock, workforce=workforce) as api:
        one = await api.created(1)
        await workforce.searching.until_asked()
        async with held(database_url, REQUESTS, one):
            workforce.searching.open()
            await until_one_waits(database_url)
            for _ in range(3):
                await api.opened(2)
            assert (await api.alice.read(one)).status_code == 202
        assert (await api.settled(lambda: api.alice.read(one))).status_code == 200


async def test_many_who_wait_to_cancel_a_held_row_leave_room_for_everybody_else(small: Api, database_url: str) -> None:
    one, _ = await small.opened(1)
    async with held(database_url, REQUESTS, one):
        waiting = [asyncio.create_task(small.alice.cancel(one)) for _ in range(MANY)]
        await until_one_waits(database_url)
        await everything_works(small)
        assert not any(task.done() for task in waiting)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {204}
    database = Database(database_url)
    assert await kinds(database, one) == ["created", "slots-found", "cancelled"]
    await database.close()


async def test_many_who_wait_to_book_a_held_row_leave_room_for_everybody_else(small: Api, database_url: str) -> None:
    one, slots = await small.opened(1)
    async with held(database_url, REQUESTS, one):
        waiting = [asyncio.create_task(small.alice.book(one, slots[0]["id"])) for _ in range(MANY)]
        await until_one_waits(database_url)
        await everything_works(small)
        assert not any(task.done() for task in waiting)
    answers = await asyncio.gather(*waiting)
    assert len({number_of(answer) for answer in answers}) == 1


async def test_waiting_for_several_held_rows_leaves_room_for_everybody_else(small: Api, database_url: str) -> None:
    found = [await small.opened(1) for _ in range(4)]
    async with AsyncExitStack() as holders:
        for request_id, _ in found:
            await holders.enter_async_context(held(database_url, REQUESTS, request_id))
        waiting = [asyncio.create_task(small.alice.book(request_id, slots[0]["id"])) for request_id, slots in found]
        await until_one_waits(database_url)
        await everything_works(small)
        assert not any(task.done() for task in waiting)
    assert len({number_of(answer) for answer in await asyncio.gather(*waiting)}) == 4


async def everything_works(api: Api) -> None:
    """Somebody creates, reads, books and cancels."""
    request_id, booking = await api.booked(2)
    assert booking.status_code == 200
    assert (await api.alice.cancel(request_id)).status_code == 422
    other, _ = await api.opened(3)
    assert (await api.alice.cancel(other)).status_code == 204


async def test_a_held_row_can_be_read(small: Api, database_url: str) -> None:
    one, slots = await small.opened(1)
    async with held(database_url, REQUESTS, one):
        waiting = asyncio.create_task(small.alice.cancel(one))
        await until_one_waits(database_url)
        assert (await small.alice.read(one)).json()["slots"] == slots
        assert not waiting.done()
    assert (await waiting).status_code == 204


async def test_d6_of_those_who_waited_for_a_held_row_the_first_decides(small: Api, database_url: str) -> None:
    one, slots = await small.opened(1)
    async with held(database_url, REQUESTS, one):
        booking = asyncio.create_task(small.alice.book(one, slots[0]["id"]))
        await until_one_waits(database_url)
        cancelling = [asyncio.create_task(small.alice.cancel(one)) for _ in range(3)]
        await until_one_waits(database_url, 2)
    answer = await booking
    refusals = await asyncio.gather(*cancelling)
    if answer.status_code == 201:
        assert {refused.status_code for refused in refusals} == {422}
    else:
        assert answer.json()["code"] == "appointment-request-cancelled"
        assert {refused.status_code for refused in refusals} == {204}


async def test_a_held_order_delays_the_creation_for_that_order_only(small: Api, database_url: str) -> None:
    async with held(database_url, "orders", 1):
        waiting = [asyncio.create_task(small.alice.create(1)) for _ in range(MANY)]
        await until_one_waits(database_url)
        together = [asyncio.create_task(small.alice.create(order_id)) for order_id in (2, 3, 4)]
        assert {answer.status_code for answer in await asyncio.gather(*together)} == {201}
        await everything_works(small)
        assert not any(task.done() for task in waiting)
    assert len({number_of(answer) for answer in await asyncio.gather(*waiting)}) == MANY


async def test_a_held_order_delays_the_creation_under_a_key_for_that_order_only(small: Api, database_url: str) -> None:
    async with held(database_url, "orders", 1):
        keys = [f"key-{n}" for n in range(MANY)]
        waiting = [asyncio.create_task(small.alice.create(1, headers={"Idempotency-Key": key})) for key in keys]
        await until_one_waits(database_url)
        assert (await small.alice.create(2, headers={"Idempotency-Key": "other"})).status_code == 201
        await everything_works(small)
        assert not any(task.done() for task in waiting)
    assert len({number_of(answer) for answer in await asyncio.gather(*waiting)}) == MANY


@pytest.mark.parametrize("table", ["orders", REQUESTS, "appointments"])
async def test_d46_a_held_row_delays_the_reschedule_of_its_appointment_only(
    small: Api, database_url: str, table: str
) -> None:
    moves = []
    for order_id in (1, 2):
        _, booking = await small.booked(order_id)
        request_id, slots = await small.opened(order_id)
        moves.append((booking.json()["id"], request_id, slots[2]["id"]))
    one, other = moves
    row = {"orders": 1, REQUESTS: one[1], "appointments": one[0]}[table]
    async with held(database_url, table, row):
        waiting = asyncio.create_task(small.alice.reschedule(*one))
        await until_one_waits(database_url)
        number = number_of(await small.alice.reschedule(*other))
        assert (await small.settled(lambda: small.alice.read_reschedule(number))).status_code == 200
        assert not waiting.done()
    number = number_of(await waiting)
    assert (await small.settled(lambda: small.alice.read_reschedule(number))).status_code == 200
