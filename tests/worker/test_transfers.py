"""D48: an order that changes hands while it is booked. The reservation is undone, and the old owner reads why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connect_appointments.core.model import Actor, Operator
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.usecases.order_imports import Imported, import_orders
from connect_appointments.workforce.port import CancelCommand, NotYet, Refused
from tests.api_client import Api, number_of
from tests.build import BOB, sample_order
from tests.store.given import kinds, rows
from tests.worker.by_hand import (
    appointments_made,
    capacity_reserved,
    capacity_taken,
    claimed,
    claimed_one,
    jobs_left,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.workforces import Behind, Gated, Scripted, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
TRANSFERRED = ["created", "slots-found", "booking-started", "order-transferred"]
OPERATOR = Actor(Operator("import"), "import", "x_request_id-of-the-import")


async def transfer(database: Database, owner: str = BOB) -> Imported:
    """Give order 1 to another owner."""
    return await import_orders(database, OPERATOR, [sample_order(1, owner)], transfer=True, over_after_days=7)


async def begun(api: Api, database: Database) -> tuple[int, int]:
    """A request of order 1 whose first slot is to be booked: its id, and the attempt's number."""
    request_id = await api.created(1)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    return request_id, number_of(await api.alice.book(request_id, slots[0]["id"]))


async def key_of(database: Database, booking_id: int) -> str:
    """The key of an attempt towards the workforce system."""
    ((installation,),) = await rows(database, "SELECT id FROM installation")
    return f"{installation}-{booking_id}"


async def ended_as_transferred(api: Api, database: Database, request_id: int, booking_id: int) -> None:
    """Check what is left of a booking whose order was transferred."""
    booking, request = await api.alice.read_booking(booking_id), await api.alice.read(request_id)
    assert (booking.status_code, booking.json()["code"]) == (422, "order-transferred")
    assert (request.json()["status"], request.json()["slots"]) == ("cancelled", [])
    assert await kinds(database, request_id) == TRANSFERRED
    assert (await appointments_made(database), await jobs_left(database)) == (0, 0)
    assert [row[0] for row in await rows(database, "SELECT occupancy FROM orders WHERE id = 1")] == [0]
    assert await database.read(verify.findings) == []


async def test_d48_a_reservation_made_while_the_order_changed_hands_is_undone(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        workforce.reserving.shut()
        worker = worker_of(database, workforce)
        reserving = asyncio.create_task(worker.do([await claimed_one(database)]))
        await workforce.reserving.until_asked()
        assert (await transfer(database)).ending == [request_id]
        workforce.reserving.open()
        await reserving
        assert (await capacity_taken(database), await jobs_left(database)) == (1, 1)
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        await work_off(worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)


async def test_d48_the_workforce_system_is_told_to_cancel_by_the_key_of_the_attempt(
    serve: Serve, database: Database
) -> None:
    scripted = Scripted()
    workforce = Gated(scripted)  # type: ignore[arg-type]  # it answers what this test asks
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        workforce.reserving.shut()
        worker = worker_of(database, workforce)
        reserving = asyncio.create_task(worker.do([await claimed_one(database)]))
        await workforce.reserving.until_asked()
        await transfer(database)
        workforce.reserving.open()
        await reserving
        assert scripted.cancelled == []
        await work_off(worker, database)
        assert scripted.cancelled == [await key_of(database, booking_id)]
        await ended_as_transferred(api, database, request_id, booking_id)


async def test_d48_a_worker_at_work_ends_it_by_itself(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    async with serve(workforce=workforce, worker=WorkerOptions(poll_seconds=0.01)) as api:
        request_id, slots = await api.opened(1)
        workforce.reserving.shut()
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await workforce.reserving.until_asked()
        await transfer(database)
        workforce.reserving.open()
        await api.settled(lambda: api.alice.read_booking(booking_id))
        await ended_as_transferred(api, database, request_id, booking_id)
        bobs, _ = await api.booked(1, api.bob)
    assert bobs != request_id
    assert await capacity_taken(database) == 1


async def test_d48_an_order_that_changed_hands_before_its_job_was_claimed_is_never_reserved(
    serve: Serve, database: Database
) -> None:
    scripted = NeverAsked()
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await transfer(database)
        await work_off(worker_of(database, scripted), database)
        assert scripted.cancelled == [await key_of(database, booking_id)]
        await ended_as_transferred(api, database, request_id, booking_id)


class NeverAsked(Scripted):
    """A workforce system that must not be asked to reserve anything."""

    async def reserve(self, *_: Any) -> Any:
        raise AssertionError("a slot of an order of somebody else was reserved")


async def test_d48_a_slot_that_was_refused_while_the_order_changed_hands_ends_as_transferred(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(Scripted(grants=False))  # type: ignore[arg-type]  # it answers what this test asks
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        workforce.reserving.shut()
        reserving = asyncio.create_task(worker_of(database, workforce).do([await claimed_one(database)]))
        await workforce.reserving.until_asked()
        await transfer(database)
        workforce.reserving.open()
        await reserving
        await ended_as_transferred(api, database, request_id, booking_id)


async def test_d48_an_appointment_stays_with_its_old_owner(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        _, booking_id = await begun(api, database)
        await work_off(api.parts.worker, database)
        before = (await api.alice.read_booking(booking_id)).json()
        assert (await transfer(database)).ending == []
        assert (await api.alice.read_booking(booking_id)).json() == before
        assert (await api.bob.read_booking(booking_id)).status_code == 404
    assert await capacity_taken(database) == 1


class Reluctant(Behind):
    """A workforce system whose first answers to a cancellation are these."""

    def __init__(self, behind: Any, *answers: object) -> None:
        super().__init__(behind)
        self._answers = list(answers)

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        if not self._answers:
            return await self._behind.cancel(commands)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer for _ in commands]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(
            Refused("too late"), "RuntimeError: the reservation is not undone: too late", id="a-refusal-is-no-end"
        ),
        pytest.param(ConnectionError("down"), "ConnectionError: down", id="an-unknown-outcome"),
        pytest.param(NotYet(600), None, id="not-decided-yet"),
    ],
)
async def test_d48_a_reservation_is_undone_until_it_is_done(
    serve: Serve, database: Database, answer: object, error: str | None
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await calendar_reserves(database)
        await transfer(database)
        worker = worker_of(database, Reluctant(calendar(database), answer))
        await run_out(database)
        await worker.do(await claimed(database))
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        assert [row[0] for row in await rows(database, "SELECT last_error FROM jobs")] == [error]
        assert await capacity_taken(database) == 1
        await run_out(database)
        await work_off(worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
    assert await capacity_taken(database) == 0


async def calendar_reserves(database: Database) -> None:
    """A worker reserves the place and is killed before it writes that down."""

    class Killed(Behind):
        async def reserve(self, *arguments: Any) -> Any:
            await self._behind.reserve(*arguments)
            raise ConnectionError("the worker is gone")

    await worker_of(database, Killed(calendar(database))).do(await claimed(database))
    assert await capacity_taken(database) == 1


async def test_d48_a_worker_killed_after_undoing_leaves_the_end_to_the_next(serve: Serve, database: Database) -> None:
    class Killed(Behind):
        async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
            await self._behind.cancel(commands)
            raise ConnectionError("the worker is gone")

    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await calendar_reserves(database)
        await transfer(database)
        await run_out(database)
        await worker_of(database, Killed(calendar(database))).do(await claimed(database))
        assert (await capacity_taken(database), await jobs_left(database)) == (0, 1)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
    assert await capacity_taken(database) == 0


async def test_d48_a_stale_worker_that_reserves_after_the_undoing_takes_no_place(
    serve: Serve, database: Database
) -> None:
    """Its command was under way while the lease ended, the order changed hands, and the next worker undid it."""
    workforce = Gated(calendar(database))
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        workforce.reserving.shut()
        reserving = asyncio.create_task(worker_of(database, workforce).do([await claimed_one(database)]))
        await workforce.reserving.until_asked()
        await transfer(database)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
        workforce.reserving.open()
        await reserving
        await ended_as_transferred(api, database, request_id, booking_id)
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)


async def test_d48_a_group_with_a_transferred_order_confirms_the_others(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        requests = [await api.created(order_id) for order_id in (1, 2)]
        await work_off(api.parts.worker, database)
        slot = (await api.alice.read(requests[0])).json()["slots"][0]["id"]
        attempts = [number_of(await api.alice.book(request_id, slot)) for request_id in requests]
        await transfer(database)
        await worker_of(database, calendar(database)).do(await claimed(database))
        assert [(await api.alice.read_booking(number)).status_code for number in attempts] == [422, 200]
        assert await database.read(verify.findings) == []
    assert (await capacity_taken(database), await jobs_left(database)) == (1, 0)


async def test_d48_what_a_search_finds_after_the_order_changed_hands_is_thrown_away(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        job = await claimed_one(database)
        assert (await transfer(database)).cancelled == [request_id]
        await api.parts.worker.do([job])
        answer = (await api.alice.read(request_id)).json()
        assert (answer["status"], answer["slots"]) == ("cancelled", [])
    assert await kinds(database, request_id) == ["created", "order-transferred"]
    assert (await jobs_left(database), await rows(database, "SELECT * FROM offers")) == (0, [])
