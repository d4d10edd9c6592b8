"""Booking in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from connect_appointments.core.model import SlotType
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.workforce.port import ReserveCommand, Reserved
from tests.api_client import Api, number_of
from tests.build import Clock, days_from, set_capacity
from tests.store.given import execute, kinds, rows, until, until_one_waits
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
from tests.worker.workforces import Failing, Gated, Scripted, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]


async def begun(api: Api, database: Database) -> tuple[int, int, list[Any]]:
    """A request whose first slot is to be booked: its id, the attempt's number, its slots."""
    request_id = await api.created(1)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    return request_id, number_of(await api.alice.book(request_id, slots[0]["id"])), slots


async def test_a_booking_takes_one_place_and_leaves_no_job(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id, _ = await begun(api, database)
        assert await capacity_taken(database) == 0
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)
    assert (await appointments_made(database), await jobs_left(database)) == (1, 0)
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]


async def test_d31_the_name_of_the_appointment_is_the_workforce_systems(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        _, booking_id, _ = await begun(api, database)
        await work_off(worker_of(database, Named("APT-OF-THEIRS")), database)
        assert (await api.alice.read_booking(booking_id)).json()["nbnAppointmentId"] == "APT-OF-THEIRS"


class Named(Scripted):
    """A workforce system that names every appointment alike."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    async def reserve(self, commands: Sequence[ReserveCommand], _now: datetime) -> Any:
        return [Reserved(self._name) for _ in commands]


async def test_d29_a_full_slot_is_refused_and_the_request_open_again_without_it(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id, slots = await begun(api, database)
        await set_capacity(database, 0, days_from(Clock()(), 120))
        await work_off(api.parts.worker, database)
        refused = await api.alice.read_booking(booking_id)
        assert (refused.status_code, refused.json()["code"]) == (422, "slot-unavailable")
        request = (await api.alice.read(request_id)).json()
    assert request["status"] == "open"
    assert request["slots"] == slots[1:]
    assert await capacity_taken(database) == 0
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "slot-refused"]


async def test_d29_two_requests_for_the_last_place_have_one_winner(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        requests = [await api.created(order_id) for order_id in (1, 2, 3, 4)]
        await work_off(api.parts.worker, database)
        slot = (await api.alice.read(requests[0])).json()["slots"][0]
        await set_capacity(database, 1, days_from(Clock()(), 120))
        attempts = [number_of(await api.alice.book(request_id, slot["id"])) for request_id in requests]
        jobs = await claimed(database)
        await asyncio.gather(*(worker_of(database, calendar(database)).do([job]) for job in jobs))
        await run_out(database)
        await work_off(api.parts.worker, database)
        answers = [await api.alice.read_booking(booking_id) for booking_id in attempts]
        states = [(await api.alice.read(request_id)).json()["status"] for request_id in requests]
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    assert sorted(states) == ["booked", "open", "open", "open"]
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)


async def test_a_booking_is_tried_until_it_is_decided(serve: Serve, database: Database) -> None:
    workforce = Failing(calendar(database), ConnectionError("down"), times=20)
    async with serve(with_worker=False) as api:
        request_id, booking_id, _ = await begun(api, database)
        worker = worker_of(database, workforce, search_tries=1, backoff_seconds=60)
        for _ in range(20):
            await worker.do([await claimed_one(database)])
            assert (await api.alice.read_booking(booking_id)).status_code == 202
            await run_out(database)
        await worker.do([await claimed_one(database)])
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]
    assert await capacity_taken(database) == 1


@pytest.mark.parametrize("tries", [64, 1024, 5000, 1_000_000])
async def test_a_booking_tried_very_often_is_still_put_off_by_the_longest_wait(
    serve: Serve, database: Database, tries: int
) -> None:
    async with serve(with_worker=False) as api:
        await begun(api, database)
        await execute(database, "UPDATE jobs SET tries = :tries", tries=tries)
        failing = Failing(Scripted(), ConnectionError("down"), times=1)
        await worker_of(database, failing, max_backoff_seconds=0).do([await claimed_one(database)])
        assert (await claimed_one(database)).tries == tries + 2


async def test_d3_a_booking_that_waits_for_the_workforce_system_cannot_be_cancelled(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await workforce.reserving.until_asked()
        answer = await api.alice.cancel(request_id)
        assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booking")
        workforce.reserving.open()
        assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 200
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]


async def test_a_booked_place_is_the_one_of_its_area_day_and_window(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await work_off(api.parts.worker, database)
        slots = (await api.alice.read(request_id)).json()["slots"]
        afternoon = next(slot for slot in slots if slot["slotType"] == "PM")
        await api.alice.book(request_id, afternoon["id"])
        await work_off(api.parts.worker, database)
    found = await rows(database, "SELECT area, slot_type FROM capacity WHERE taken = 1")
    assert [tuple(row) for row in found] == [("4000", SlotType.PM.value)]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_confirming_a_booking_waits_for_the_order_alone_and_is_done_once_it_is_free(
    serve: Serve, database: Database, database_url: str
) -> None:
    """Locks go orders, then appointment-requests: a caller with the order gets the request while the worker waits."""
    async with serve(with_worker=False) as api:
        request_id, booking_id, _ = await begun(api, database)
        caller = await asyncpg.connect(database_url)
        transaction = caller.transaction()
        await transaction.start()
        await caller.execute("SELECT id FROM orders WHERE id = 1 FOR UPDATE")
        confirming = asyncio.create_task(work_off(api.parts.worker, database))
        await until_one_waits(database_url)
        await caller.execute("SELECT id FROM appointment_requests WHERE id = $1 FOR UPDATE", request_id)
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        await transaction.rollback()
        await caller.close()
        await confirming
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert await rows(database, "SELECT tries FROM jobs") == []
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_d6_a_cancel_that_waits_for_a_booking_to_begin_is_refused(
    serve: Serve, database: Database, database_url: str
) -> None:
    """Both are under way at once, and the database decides: the one that holds the row first."""
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await work_off(api.parts.worker, database)
        slots = (await api.alice.read(request_id)).json()["slots"]
        other = await asyncpg.connect(database_url)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT id FROM appointment_requests WHERE id = $1 FOR UPDATE", request_id)
        booking = asyncio.create_task(api.alice.book(request_id, slots[0]["id"]))
        await until_one_waits(database_url)
        cancelling = asyncio.create_task(api.alice.cancel(request_id))
        await until_one_waits(database_url, 2)
        await transaction.rollback()
        answers = (await booking).status_code, (await cancelling).status_code
        await other.close()
        await work_off(api.parts.worker, database)
        status = (await api.alice.read(request_id)).json()["status"]
    assert (answers, status) in {((201, 422), "booked"), ((422, 204), "cancelled")}


async def test_a_settled_booking_stays_as_it_is_when_its_job_is_done_again(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id, _ = await begun(api, database)
        job = await claimed_one(database)
        await api.parts.worker.do([job])
        before = (await api.alice.read_booking(booking_id)).content
        await api.parts.worker.do([job])
        await worker_of(database, Scripted(grants=False)).do([job])
        assert (await api.alice.read_booking(booking_id)).content == before
        assert (await api.alice.read(request_id)).json()["status"] == "booked"
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]


async def test_a_worker_woken_by_a_booking_does_not_wait_for_its_next_look(serve: Serve, database: Database) -> None:
    async with serve(worker=WorkerOptions(poll_seconds=3600)) as api:
        _, booking = await api.booked(1)
        assert booking.status_code == 200
        await until(lambda: _no_jobs(database))


async def _no_jobs(database: Database) -> bool:
    return await jobs_left(database) == 0
