"""D46a: the network's news wins against a reschedule, whose new place is given back before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from connect_appointments.core.appointments import CANCELLED_BY_NETWORK, COMPLETED, INCOMPLETE, WORK_BEGAN
from connect_appointments.core.model import Actor, Operator
from connect_appointments.core.transitions import Transition
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.usecases.appointment_news import Report, record_report
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import MoveCommand, NewsKind, Refused
from tests.api_client import Api, number_of
from tests.build import Clock, days_from, set_capacity
from tests.store.given import rows
from tests.worker.by_hand import (
    capacity_reserved,
    capacity_taken,
    claimed,
    claimed_one,
    jobs_left,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.news import news
from tests.worker.rescheduling import (
    GatedMoves,
    LostMoves,
    Moving,
    Serve,
    kinds_of_request,
    stayed,
    to_be_moved,
)
from tests.worker.test_killed_workers import killed_after
from tests.worker.test_leases import twice_claimed
from tests.worker.workforces import Behind, calendar

ENDED, BEGUN = "appointment-ended", "appointment-in-progress"
NEWS = [(WORK_BEGAN, BEGUN), (COMPLETED, ENDED), (INCOMPLETE, ENDED), (CANCELLED_BY_NETWORK, ENDED)]


async def overtaken(api: Api, database: Database, moving: Moving, code: str) -> None:
    """The reschedule has ended by news: no place but the old one is taken, and none for a cancelled appointment."""
    ((state,),) = await rows(database, "SELECT state FROM appointments")
    if state != "cancelled":
        await stayed(api, database, moving, code)
    answer = await api.alice.read_reschedule(moving.number)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    request = (await api.alice.read(moving.request_id)).json()
    assert (request["status"], request["slots"]) == ("open", list(moving.slots))
    left = int(state != "cancelled")
    assert (await capacity_taken(database), await capacity_reserved(database)) == (left, left)
    assert await jobs_left(database) == 0
    assert await database.read(verify.findings) == []
    steps = ["created", "slots-found", "booking-started", "reschedule-overtaken"]
    assert await kinds_of_request(database, moving.request_id) == steps


@pytest.mark.parametrize(("step", "code"), NEWS)
@pytest.mark.parametrize("moment", ["before", "claimed", "moved"])
async def test_d46a_news_ends_a_reschedule_and_its_place_is_given_back(
    serve: Serve, database: Database, step: Transition[Any], code: str, moment: str
) -> None:
    workforce = GatedMoves(calendar(database))
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        if moment == "before":
            await news(database, moving.id, step)
        else:
            gate = workforce.asking if moment == "claimed" else workforce.answering
            gate.shut()
            at_work = asyncio.create_task(worker_of(database, workforce).do([await claimed_one(database)]))
            await gate.until_asked()
            await news(database, moving.id, step)
            gate.open()
            await at_work
            assert (await api.alice.read_reschedule(moving.number)).status_code == 202
        await work_off(api.parts.worker, database)
        await overtaken(api, database, moving, code)


@pytest.mark.parametrize(("step", "code"), [NEWS[0], NEWS[3]])
@pytest.mark.parametrize("killed", ["moved", "given back", "finished"])
async def test_d46a_a_worker_killed_while_it_gives_a_place_back_leaves_one_truth(
    serve: Serve, database: Database, step: Transition[Any], code: str, killed: str
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await killed_after(database, await claimed_one(database), "move")
        await news(database, moving.id, step)
        await run_out(database)
        if killed == "given back":
            call = "cancel" if step is CANCELLED_BY_NETWORK else "move"
            await killed_after(database, await claimed_one(database), call)
        if killed == "finished":
            await worker_of(database, calendar(database)).do([await claimed_one(database)])
        await run_out(database)
        await work_off(api.parts.worker, database)
        await overtaken(api, database, moving, code)


async def test_d46a_a_place_is_given_back_though_the_old_window_is_full(serve: Serve, database: Database) -> None:
    """The work has begun in the old window, whatever another appointment has taken there since."""
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await killed_after(database, await claimed_one(database), "move")
        await set_capacity(database, 0, days_from(Clock()(), 120))
        await news(database, moving.id, WORK_BEGAN)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await overtaken(api, database, moving, BEGUN)


class Stubborn(Behind):
    """A workforce system that refuses to undo a move so many times."""

    times = 2

    async def move(self, commands: Sequence[MoveCommand], now: Any) -> Any:
        if any(one.undo for one in commands) and self.times:
            self.times -= 1
            return [Refused("no") for _ in commands]
        return await self._behind.move(commands, now)


async def test_d46a_a_place_that_is_not_given_back_is_asked_for_again(serve: Serve, database: Database) -> None:
    workforce = Stubborn(calendar(database))
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await killed_after(database, await claimed_one(database), "move")
        await news(database, moving.id, COMPLETED)
        for _ in range(2):
            await run_out(database)
            await worker_of(database, workforce).do([await claimed_one(database)])
            assert (await api.alice.read_reschedule(moving.number)).status_code == 202
            ((reason,),) = await rows(database, "SELECT last_error FROM jobs")
            assert reason == "RuntimeError: the place is not given back: no"
        await run_out(database)
        await worker_of(database, workforce).do([await claimed_one(database)])
        await overtaken(api, database, moving, ENDED)


async def test_d46a_a_worker_that_slept_through_the_news_takes_no_place(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        stale, fresh = await twice_claimed(database)
        await news(database, moving.id, WORK_BEGAN)
        await worker_of(database, calendar(database)).do([fresh])
        await run_out(database)
        await work_off(api.parts.worker, database)
        await worker_of(database, calendar(database)).do([stale])
        await overtaken(api, database, moving, BEGUN)


async def test_d46a_a_lost_answer_and_news_leave_one_truth(serve: Serve, database: Database) -> None:
    workforce = LostMoves(calendar(database), times=2)
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await worker_of(database, workforce).do([await claimed_one(database)])
        await news(database, moving.id, INCOMPLETE)
        for _ in range(2):
            await run_out(database)
            await worker_of(database, workforce).do([await claimed_one(database)])
        await overtaken(api, database, moving, ENDED)


async def test_d46a_the_request_of_an_ended_reschedule_is_booked_like_any_other(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await news(database, moving.id, COMPLETED)
        await work_off(api.parts.worker, database)
        booking = number_of(await api.alice.book(moving.request_id, moving.slots[2]["id"]))
        assert await database.read(verify.findings) == []
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking)).json()["status"] == "booked"
        assert await database.read(verify.findings) == []


@pytest.mark.parametrize("reschedule_first", [True, False])
async def test_d46a_a_recorded_cancellation_and_a_reschedule_give_every_place_back_once(
    serve: Serve, database: Database, *, reschedule_first: bool
) -> None:
    """Two jobs give places back then: that of the recorded cancellation, and that of the reschedule."""
    operator = Actor(Operator("staff"), "staff", "x_request_id-of-the-operator")
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await killed_after(database, await claimed_one(database), "move")
        report = Report(moving.id, NewsKind.CANCELLED, reason="no technician")
        assert await record_report(database, operator, report, default_policy())
        await run_out(database)
        found = sorted(await claimed(database), key=lambda job: job.reschedule_id is None)
        for job in found if reschedule_first else reversed(found):
            await worker_of(database, calendar(database)).do([job])
        await overtaken(api, database, moving, ENDED)
