"""Orders that changed hands and came back while an attempt was under way (D48): the attempt is undone all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from connect_appointments.store.engine import Database
from connect_appointments.workforce.port import CancelCommand
from tests.build import ALICE
from tests.worker.by_hand import (
    capacity_reserved,
    capacity_taken,
    claimed,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.test_transfers import Serve, begun, calendar_reserves, ended_as_transferred, transfer
from tests.worker.workforces import Behind, Gate, Gated, calendar


class Paused(Behind):
    """A workforce system that a cancel reaches late, or whose answer to it is late."""

    def __init__(self, behind: Any, before: Gate, after: Gate) -> None:
        super().__init__(behind)
        self._before = before
        self._after = after

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        await self._before.pass_through()
        answers = await self._behind.cancel(commands)
        await self._after.pass_through()
        return answers


async def there_and_back(database: Database) -> None:
    """Order 1 goes to Bob and comes back to Alice."""
    await transfer(database)
    await transfer(database, ALICE)


async def test_d48_a_reservation_of_an_order_that_came_back_is_undone(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await calendar_reserves(database)
        await there_and_back(database)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)


async def test_d48_an_order_that_came_back_while_its_slot_was_reserved_is_not_booked(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(calendar(database))
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        workforce.reserving.shut()
        worker = worker_of(database, workforce)
        reserving = asyncio.create_task(worker.do(await claimed(database)))
        await workforce.reserving.until_asked()
        await there_and_back(database)
        workforce.reserving.open()
        await reserving
        await work_off(worker, database)
        await ended_as_transferred(api, database, request_id, booking_id)
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)


async def test_d48_the_late_cancel_of_a_paused_worker_takes_no_place_from_an_appointment(
    serve: Serve, database: Database
) -> None:
    """The worker pauses before its cancel; the order comes back, the lease ends, and another worker does the job."""
    before, after = Gate(), Gate()
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await transfer(database)
        before.shut()
        paused = worker_of(database, Paused(calendar(database), before, after))
        undoing = asyncio.create_task(paused.do(await claimed(database)))
        await before.until_asked()
        await transfer(database, ALICE)
        await run_out(database)
        await work_off(api.parts.worker, database)
        before.open()
        await undoing
        await ended_as_transferred(api, database, request_id, booking_id)
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)


async def test_d48_an_order_that_came_back_after_the_undoing_is_booked_by_a_new_request(
    serve: Serve, database: Database
) -> None:
    before, after = Gate(), Gate()
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await transfer(database)
        after.shut()
        paused = worker_of(database, Paused(calendar(database), before, after))
        undoing = asyncio.create_task(paused.do(await claimed(database)))
        await after.until_asked()
        await transfer(database, ALICE)
        after.open()
        await undoing
        await ended_as_transferred(api, database, request_id, booking_id)
        again, _ = await begun(api, database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(again)).json()["status"] == "booked"
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)
