"""Cancelling appointments in the background: an appointment is cancelled once, or it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.workforce.port import Cancelled, NotYet, Refused
from tests.api_client import Api, number_of
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import execute, rows
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
from tests.worker.test_killed_workers import killed_after
from tests.worker.test_leases import twice_claimed
from tests.worker.workforces import Cancelling, Refusing, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
DONE = ["cancellation-requested", "cancelled"]


async def to_be_cancelled(api: Api, database: Database, order_id: int = 1) -> tuple[int, int]:
    """An appointment that is to be cancelled: its id, and the number of the cancellation."""
    request_id = await api.created(order_id)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    booking_id = number_of(await api.alice.book(request_id, slots[-1]["id"]))
    await work_off(api.parts.worker, database)
    appointment_id: int = (await api.alice.read_booking(booking_id)).json()["id"]
    return appointment_id, number_of(await api.alice.cancel_appointment(appointment_id))


async def is_cancelled_once(database: Database, appointment_id: int) -> None:
    """Everything is as it must be after one cancellation, however often it was tried."""
    assert await timeline(database, appointment_id) == DONE
    assert (await appointment_row(database, appointment_id)).state == "cancelled"
    assert (await capacity_taken(database), await capacity_reserved(database), await occupancy(database, 1)) == (
        0,
        0,
        0,
    )
    assert await jobs_left(database) == 0
    assert await database.read(verify.findings) == []


@pytest.mark.parametrize("step", ["claimed", "cancelled", "finished"])
async def test_a_worker_killed_at_any_step_of_a_cancellation_loses_nothing(
    serve: Serve, database: Database, step: str
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        job = await claimed_one(database)
        if step == "cancelled":
            await killed_after(database, job, "cancel")
            assert await capacity_taken(database) == 0
            assert (await api.alice.read_cancellation(number)).status_code == 202
            assert await database.read(verify.findings) == []
        if step == "finished":
            await worker_of(database, calendar(database)).do([job])
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_cancellation(number)).status_code == 200
    await is_cancelled_once(database, appointment_id)


async def test_an_unknown_cancel_is_looked_up_before_it_is_tried_again(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        job = await claimed_one(database)
        await killed_after(database, job, "cancel")
        await run_out(database)
        workforce = Cancelling(calendar(database))
        await worker_of(database, workforce).do([await claimed_one(database)])
        key = f"{job.context.installation}-{job.booking_id}"
        assert (workforce.sought, workforce.asked) == ([key], [])
        assert (await api.alice.read_cancellation(number)).status_code == 200
    await is_cancelled_once(database, appointment_id)


async def test_a_cancel_that_never_arrived_is_looked_up_and_then_tried_again(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        workforce = Cancelling(calendar(database), ConnectionError("down"))
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert await rows(database, "SELECT tries, last_error FROM jobs") == [(1, "ConnectionError: down")]
        assert (await api.alice.read_cancellation(number)).status_code == 202
        await run_out(database)
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert (len(workforce.sought), len(workforce.asked)) == (1, 2)
        assert (await api.alice.read_cancellation(number)).status_code == 200
    await is_cancelled_once(database, appointment_id)


async def test_an_unknown_lookup_is_no_answer(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        await claimed_one(database)
        await run_out(database)
        workforce = Cancelling(calendar(database))
        workforce.finds.append(TimeoutError("slow"))
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert workforce.asked == []
        assert await rows(database, "SELECT last_error FROM jobs") == [("TimeoutError: slow",)]
        assert (await api.alice.read_cancellation(number)).status_code == 202
        await run_out(database)
        await work_off(api.parts.worker, database)
    await is_cancelled_once(database, appointment_id)


async def test_d42_the_late_call_of_a_refused_cancellation_is_refused_and_a_new_one_is_not(
    serve: Serve, database: Database
) -> None:
    """Each call has the number of its cancellation: the workforce system can tell a repeat from a new attempt."""
    workforce = Refusing(calendar(database), refusals=1)
    async with serve(with_worker=False) as api:
        appointment_id, first = await to_be_cancelled(api, database)
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert (await api.alice.read_cancellation(first)).json()["code"] == "cancellation-refused"
        assert isinstance((await workforce.cancel(workforce.asked))[0], Refused)
        assert await capacity_taken(database) == 1
        second = number_of(await api.alice.cancel_appointment(appointment_id))
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert (await api.alice.read_cancellation(second)).status_code == 200
    assert [command.number for command in workforce.asked] == [first, first, second]
    assert await capacity_taken(database) == 0
    assert await database.read(verify.findings) == []


async def test_d41_a_workforce_system_that_refuses_leaves_the_appointment_as_it_was(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        before = (await api.alice.read_booking(1)).json()
        workforce = Cancelling(calendar(database), Refused("the technician is on the way"))
        await worker_of(database, workforce).do([await claimed_one(database)])
        for _ in range(2):
            answer = await api.alice.read_cancellation(number)
            assert (answer.status_code, answer.json()["code"]) == (422, "cancellation-refused")
        assert (await api.alice.read_booking(1)).json() == before
        assert (await capacity_taken(database), await occupancy(database, 1)) == (1, 1)
        assert (await timeline(database, appointment_id), await jobs_left(database)) == (
            ["cancellation-requested", "cancellation-refused"],
            0,
        )
        assert await database.read(verify.findings) == []
        again = number_of(await api.alice.cancel_appointment(appointment_id))
        assert again != number, "d42 after a refused one: a new attempt"
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_cancellation(again)).status_code == 200
        assert (await api.alice.read_cancellation(number)).status_code == 422
    ((detail,),) = await rows(database, "SELECT detail FROM events WHERE kind = 'cancellation-refused'")
    assert "the technician is on the way" in detail


async def test_a_cancel_that_is_not_decided_yet_is_put_off(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        await worker_of(database, Cancelling(calendar(database), NotYet(600))).do([await claimed_one(database)])
        assert await claimed(database) == []
        assert await rows(database, "SELECT last_error FROM jobs") == [(None,)]
        assert (await api.alice.read_cancellation(number)).status_code == 202
        await run_out(database)
        await work_off(api.parts.worker, database)
    await is_cancelled_once(database, appointment_id)


@pytest.mark.parametrize("stale_first", [True, False])
async def test_a_cancellation_finished_late_changes_nothing(
    serve: Serve, database: Database, *, stale_first: bool
) -> None:
    """The stale worker was told no, the fresh one yes: what counts is the fresh one's."""
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        stale, fresh = await twice_claimed(database)
        turns = [
            (worker_of(database, Cancelling(calendar(database), Refused("stale"))), stale),
            (worker_of(database, calendar(database)), fresh),
        ]
        for worker, job in turns if stale_first else reversed(turns):
            await worker.do([job])
        assert (await api.alice.read_cancellation(number)).status_code == 200
    await is_cancelled_once(database, appointment_id)


async def test_two_workers_that_cancel_one_appointment_at_once_count_once(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, _ = await to_be_cancelled(api, database)
        stale, fresh = await twice_claimed(database)
        await asyncio.gather(*(worker_of(database, calendar(database)).do([job]) for job in (stale, fresh)))
    await is_cancelled_once(database, appointment_id)


async def test_a_cancellation_that_ended_meanwhile_is_not_sent_to_the_workforce_system(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        await to_be_cancelled(api, database)
        await execute(database, "UPDATE appointments SET state = 'in-progress'")
        await execute(
            database,
            "UPDATE cancellations SET state = 'refused', refusal = 'appointment-in-progress', ended_on = requested_on",
        )
        workforce = Cancelling(calendar(database))
        await worker_of(database, workforce).do([await claimed_one(database)])
        assert (workforce.asked, await jobs_left(database), await capacity_taken(database)) == ([], 0, 1)


async def test_a_group_of_cancellations_is_decided_one_by_one(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        pairs = [await made(api, database, number) for number in (1, 2, 3)]
        jobs = await claimed(database)
        await worker_of(database, Odd(calendar(database))).do(jobs)
        answers = [(await api.alice.read_cancellation(number)).status_code for _, number in pairs]
        assert sorted(answers) == [200, 202, 422]


class Odd(Cancelling):
    """A workforce system with an answer of its own for each of three cancels."""

    async def cancel(self, commands: Any) -> Any:
        answers: list[Any] = [Cancelled(), Refused("no"), ConnectionError("down")]
        return answers[: len(commands)]


async def made(api: Api, database: Database, order_id: int) -> tuple[int, int]:
    """The same as `to_be_cancelled` while other cancellations wait: their jobs are not done."""
    held = "UPDATE jobs SET due_at = '2099-01-01T00:00:00.000Z' WHERE kind = 'cancel-appointment'"
    await execute(database, held)
    found = await to_be_cancelled(api, database, order_id)
    await run_out(database)
    return found
