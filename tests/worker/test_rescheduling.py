"""D46: a reschedule whose worker is killed, sleeps or hears nothing ends with one place taken and one truth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from connect_appointments.core.model import Actor
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.usecases.order_imports import import_orders
from connect_appointments.workforce.port import MoveCommand, NotYet, Refused, Reserved
from tests.api_client import number_of
from tests.build import BOB, Clock, days_from, sample_order, set_capacity
from tests.store.given import EVERYBODYS, rows
from tests.worker.by_hand import claimed, claimed_one, run_out, work_off, worker_of
from tests.worker.rescheduling import (
    DoubledMoves,
    GatedMoves,
    LostMoves,
    Serve,
    kinds_of_appointment,
    kinds_of_request,
    moved_once,
    opened,
    stayed,
    to_be_moved,
)
from tests.worker.test_killed_workers import killed_after
from tests.worker.test_leases import twice_claimed
from tests.worker.workforces import Behind, Broken, calendar

MOVED = ["created", "slots-found", "booking-started", "booked"]


class Answering(Behind):
    """A workforce system that answers every move as a test says, and moves nothing."""

    def __init__(self, behind: Any, answer: Any) -> None:
        super().__init__(behind)
        self._answer = answer

    async def move(self, commands: Sequence[MoveCommand], _now: Any) -> Any:
        return [self._answer for _ in commands]


@pytest.mark.parametrize("step", ["claimed", "moved", "finished"])
async def test_d46_a_worker_killed_at_any_step_of_a_reschedule_moves_one_place(
    serve: Serve, database: Database, step: str
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        job = await claimed_one(database)
        if step == "moved":
            await killed_after(database, job, "move")
            assert (await api.alice.read_reschedule(moving.number)).status_code == 202
        if step == "finished":
            await worker_of(database, calendar(database)).do([job])
        await run_out(database)
        await work_off(api.parts.worker, database)
        await moved_once(api, database, moving)
    assert await kinds_of_request(database, moving.request_id) == MOVED
    assert await kinds_of_appointment(database, moving.id) == ["reschedule-requested", "rescheduled"]


async def test_d46_a_refusal_outlives_the_worker_that_was_told(serve: Serve, database: Database) -> None:
    """A place that comes free between the refusal and its being written down does not turn it."""
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await set_capacity(database, 0, days_from(Clock()(), 120))
        await killed_after(database, await claimed_one(database), "move")
        await set_capacity(database, 5, days_from(Clock()(), 120))
        await run_out(database)
        await work_off(api.parts.worker, database)
        await stayed(api, database, moving, "slot-unavailable")
        assert (await api.alice.read(moving.request_id)).json()["slots"] == [*moving.slots[:2], *moving.slots[3:]]
    assert (await kinds_of_request(database, moving.request_id))[2:] == ["booking-started", "slot-refused"]
    assert await kinds_of_appointment(database, moving.id) == ["reschedule-requested", "reschedule-refused"]


async def test_d46_two_workers_that_make_one_move_at_once_take_one_place(serve: Serve, database: Database) -> None:
    workforce = GatedMoves(calendar(database))
    workforce.asking.shut()
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        jobs = await twice_claimed(database)
        both = [asyncio.create_task(worker_of(database, workforce).do([job])) for job in jobs]
        await workforce.asking.until_asked()
        workforce.asking.open()
        await asyncio.gather(*both)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await moved_once(api, database, moving)
    assert await kinds_of_request(database, moving.request_id) == MOVED


@pytest.mark.parametrize("stale_first", [True, False])
async def test_d46_a_late_answer_changes_nothing(serve: Serve, database: Database, *, stale_first: bool) -> None:
    """The stale worker was told yes, the fresh one no: what counts is the fresh one's."""
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        stale, fresh = await twice_claimed(database)
        turns = [(Reserved(moving.appointment["nbnAppointmentId"]), stale), (Refused("full"), fresh)]
        for answer, job in turns if stale_first else reversed(turns):
            await worker_of(database, Answering(calendar(database), answer)).do([job])
        await stayed(api, database, moving, "slot-unavailable")


async def test_d46_lost_answers_are_asked_for_again(serve: Serve, database: Database) -> None:
    workforce = LostMoves(calendar(database), times=3)
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        for _ in range(3):
            await worker_of(database, workforce).do([await claimed_one(database)])
            assert (await api.alice.read_reschedule(moving.number)).status_code == 202
            await run_out(database)
        await worker_of(database, workforce).do([await claimed_one(database)])
        await moved_once(api, database, moving)


async def test_d46_no_answer_and_not_yet_are_never_a_refusal(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        for workforce in (Broken(), Answering(calendar(database), NotYet(60)), Answering(None, ValueError("?"))):
            await worker_of(database, workforce).do([await claimed_one(database)])
            assert (await api.alice.read_reschedule(moving.number)).status_code == 202
            await run_out(database)
        await work_off(api.parts.worker, database)
        await moved_once(api, database, moving)


async def test_d46_a_move_that_is_made_twice_takes_one_place(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await worker_of(database, DoubledMoves(calendar(database))).do([await claimed_one(database)])
        await moved_once(api, database, moving)


async def test_d46_a_worker_that_slept_through_the_next_reschedule_moves_nothing(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        stale, fresh = await twice_claimed(database)
        await api.parts.worker.do([fresh])
        third, slots = await opened(api, database)
        again = number_of(await api.alice.reschedule(moving.id, third, slots[1]["id"]))
        await work_off(api.parts.worker, database)
        await api.parts.worker.do([stale])
        moved = (await api.alice.read_reschedule(again)).json()
        await moved_once(api, database, moving._replace(number=again, request_id=third, slots=[*slots[:2], slots[1]]))
        assert (moved["startTime"], moved["appointmentRequestId"]) == (slots[1]["startTime"], third)


async def test_d46_of_two_moves_to_the_last_place_of_a_window_one_is_made(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        await set_capacity(database, 1, days_from(Clock()(), 120))
        appointments = []
        for order_id in (1, 2):
            first, slots = await opened(api, database, order_id)
            booking = number_of(await api.alice.book(first, slots[0]["id"]))
            await work_off(api.parts.worker, database)
            appointments.append((await api.alice.read_booking(booking)).json()["id"])
        offers = [await opened(api, database, order_id) for order_id in (1, 2)]
        wanted = offers[0][1][4]["id"]
        numbers = [
            number_of(await api.alice.reschedule(appointment_id, request_id, wanted))
            for appointment_id, (request_id, _) in zip(appointments, offers, strict=True)
        ]
        jobs = await claimed(database)
        await asyncio.gather(*(worker_of(database, calendar(database)).do([job]) for job in jobs))
        answers = [await api.alice.read_reschedule(number) for number in numbers]
        assert await database.read(verify.findings) == []
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(await rows(database, "SELECT day FROM capacity WHERE taken = 1")) == 2


async def test_d48_a_refused_reschedule_of_an_order_that_changed_hands_cancels_its_request(
    serve: Serve, database: Database
) -> None:
    operator = Actor(EVERYBODYS, "import", "x_request_id")
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await import_orders(database, operator, [sample_order(1, BOB)], transfer=True, over_after_days=7)
        await worker_of(database, Answering(calendar(database), Refused("full"))).do([await claimed_one(database)])
        answer = await api.alice.read_reschedule(moving.number)
        assert (answer.status_code, answer.json()["code"]) == (422, "slot-unavailable")
        assert (await api.alice.read(moving.request_id)).json()["status"] == "cancelled"


async def test_d48_a_reschedule_of_an_order_that_changed_hands_goes_on(serve: Serve, database: Database) -> None:
    """The appointment stays with its old owner: a transfer undoes booking attempts, and no reschedule."""
    operator = Actor(EVERYBODYS, "import", "x_request_id")
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await import_orders(database, operator, [sample_order(1, BOB)], transfer=True, over_after_days=7)
        await work_off(api.parts.worker, database)
        await moved_once(api, database, moving)
        assert await database.read(verify.findings) == []


async def test_d46_a_request_whose_booking_was_refused_takes_the_appointment(serve: Serve, database: Database) -> None:
    """What its refused attempt has left behind says nothing of the reschedule, and the attempt stays refused."""
    async with serve(with_worker=False) as api:
        second, slots = await opened(api, database)
        await set_capacity(database, 0, days_from(Clock()(), 120))
        attempt = number_of(await api.alice.book(second, slots[0]["id"]))
        await work_off(api.parts.worker, database)
        await set_capacity(database, 5, days_from(Clock()(), 120))
        moving = await to_be_moved(api, database)
        await work_off(api.parts.worker, database)
        number = number_of(await api.alice.reschedule(moving.id, second, slots[1]["id"]))
        assert await database.read(verify.findings) == []
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_reschedule(number)).json()["appointmentRequestId"] == second
        assert (await api.alice.read_booking(attempt)).json()["code"] == "slot-unavailable"
        assert await database.read(verify.findings) == []
