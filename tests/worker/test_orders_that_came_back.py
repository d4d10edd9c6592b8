"""Orders that changed hands and came back while an attempt was under way (D48)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.workforce.port import CancelCommand
from tests.build import ALICE
from tests.worker.by_hand import (
    appointments_made,
    capacity_taken,
    claimed,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.test_transfers import Serve, begun, calendar_reserves, transfer
from tests.worker.workforces import Behind, Gate, calendar


async def test_d48_an_order_that_came_back_before_anything_was_undone_is_booked(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await calendar_reserves(database)
        await transfer(database)
        await transfer(database, ALICE)
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
        assert (await api.alice.read(request_id)).json()["status"] == "booked"
        assert await database.read(verify.findings) == []
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)


async def test_d48_an_order_that_came_back_after_the_undoing_may_be_booked_again(
    serve: Serve, database: Database
) -> None:
    """The reservation is gone: the attempt is refused, and its appointment-request is open for another slot."""
    gate = Gate()

    class SlowToCancel(Behind):
        async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
            answers = await self._behind.cancel(commands)
            await gate.pass_through()
            return answers

    async with serve(with_worker=False) as api:
        request_id, booking_id = await begun(api, database)
        await transfer(database)
        gate.shut()
        undoing = asyncio.create_task(worker_of(database, SlowToCancel(calendar(database))).do(await claimed(database)))
        await gate.until_asked()
        await transfer(database, ALICE)
        gate.open()
        await undoing
        answer = await api.alice.read_booking(booking_id)
        assert (answer.status_code, answer.json()["code"]) == (422, "slot-unavailable")
        request = (await api.alice.read(request_id)).json()
        assert request["status"] == "open"
        await api.alice.book(request_id, request["slots"][0]["id"])
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json()["status"] == "booked"
        assert await database.read(verify.findings) == []
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)
