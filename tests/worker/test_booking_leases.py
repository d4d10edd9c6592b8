"""Leases of jobs that book: killed and stale workers take one place, and end an attempt once."""

from __future__ import annotations

import asyncio

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import bookings
from connect_appointments.store.queries.jobs import Job
from connect_appointments.workforce.port import Refused, ReserveCommand, Reserved, Visit
from tests.api_client import number_of
from tests.build import BRISBANE, Clock, days_from, sample_order, set_capacity
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
from tests.worker.test_leases import BOOKED, REFUSED, Serve, to_be_booked, twice_claimed
from tests.worker.workforces import Broken, Gated, Scripted, calendar


async def test_a_booking_whose_worker_was_killed_before_reserving_is_taken_up(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        await claimed_one(database)
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await kinds(database, request_id), await capacity_taken(database)) == (BOOKED, 1)


async def test_a_booking_whose_worker_was_killed_after_reserving_takes_one_place(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        name = await reserved(database, await claimed_one(database))
        assert await capacity_taken(database) == 1
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).json()["nbnAppointmentId"] == name
    assert (await kinds(database, request_id), await jobs_left(database)) == (BOOKED, 0)
    assert (await capacity_taken(database), await capacity_reserved(database), await appointments_made(database)) == (
        1,
    ) * 3


async def reserved(database: Database, job: Job) -> str | None:
    """The name that the calendar gives when it is asked once more for the attempt of a job; None is a refusal."""
    attempt = await database.read(lambda transaction: bookings.attempt(transaction, job.booking_id or 0))
    key = f"{job.context.installation}-{job.booking_id}"
    command = ReserveCommand(key, Visit(sample_order(1), BRISBANE), attempt.slot)
    (answer,) = await calendar(database).reserve([command], Clock()())
    assert isinstance(answer, (Reserved, Refused))
    return answer.workforce_id if isinstance(answer, Reserved) else None


async def test_d29_a_refusal_outlives_the_worker_that_was_told(serve: Serve, database: Database) -> None:
    """Room that comes free between the refusal and its being written down does not turn it."""
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        job = await claimed_one(database)
        await set_capacity(database, 0, days_from(Clock()(), 120))
        assert await reserved(database, job) is None
        await set_capacity(database, 5, days_from(Clock()(), 120))
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).json()["code"] == "slot-unavailable"
    assert (await kinds(database, request_id), await capacity_taken(database)) == (REFUSED, 0)


@pytest.mark.parametrize("stale_first", [True, False])
async def test_a_booking_finished_late_changes_nothing(serve: Serve, database: Database, *, stale_first: bool) -> None:
    """The stale worker was told yes, the fresh one no: what counts is the fresh one's."""
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        stale, fresh = await twice_claimed(database)
        turns = [
            (worker_of(database, Scripted(grants=True)), stale),
            (worker_of(database, Scripted(grants=False)), fresh),
        ]
        for worker, job in turns if stale_first else reversed(turns):
            await worker.do([job])
        assert (await api.alice.read_booking(booking_id)).json()["code"] == "slot-unavailable"
        assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert (await kinds(database, request_id), await appointments_made(database)) == (REFUSED, 0)


async def test_a_stale_workers_reserve_after_the_decision_takes_no_second_place(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        stale, fresh = await twice_claimed(database)
        await api.parts.worker.do([fresh])
        before = (await api.alice.read_booking(booking_id)).content
        assert await reserved(database, fresh) == f"APT{booking_id:012d}"
        await api.parts.worker.do([stale])
        assert (await api.alice.read_booking(booking_id)).content == before
    assert (await kinds(database, request_id), await capacity_taken(database)) == (BOOKED, 1)


async def test_two_workers_that_book_one_attempt_at_once_take_one_place(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        stale, fresh = await twice_claimed(database)
        both = [asyncio.create_task(worker_of(database, workforce).do([job])) for job in (stale, fresh)]
        await workforce.reserving.until_asked()
        workforce.reserving.open()
        await asyncio.gather(*both)
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await kinds(database, request_id), await jobs_left(database)) == (BOOKED, 0)
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)


async def test_a_stale_worker_of_a_refused_attempt_leaves_the_next_attempt_alone(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        request_id, first = await to_be_booked(api, database)
        stale, fresh = await twice_claimed(database)
        await worker_of(database, Scripted(grants=False)).do([fresh])
        slots = (await api.alice.read(request_id)).json()["slots"]
        second = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await worker_of(database, Scripted(grants=True)).do([stale])
        assert (await api.alice.read_booking(first)).status_code == 422
        assert (await api.alice.read_booking(second)).status_code == 202
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(second)).status_code == 200
        assert (await api.alice.read_booking(first)).status_code == 422
    assert await kinds(database, request_id) == [*REFUSED, "booking-started", "booked"]


async def test_a_booking_that_was_put_off_is_written_down_once(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        for _ in range(3):
            await worker_of(database, Broken()).do([await claimed_one(database)])
            assert await claimed(database) == []
            await run_out(database)
        ((tries, reason),) = await rows(database, "SELECT tries, last_error FROM jobs")
        assert (tries, reason) == (3, "ConnectionError: down")
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await kinds(database, request_id), await capacity_taken(database)) == (BOOKED, 1)


async def test_a_stale_claim_in_a_group_changes_nothing_and_the_others_of_the_group_count(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        first, booking_id = await to_be_booked(api, database)
        stale, _ = await twice_claimed(database)
        second = await api.created(2)
        (search,) = await claimed(database)
        await worker_of(database, calendar(database)).do([search])
        slots = (await api.alice.read(second)).json()["slots"]
        other = number_of(await api.alice.book(second, slots[0]["id"]))
        await worker_of(database, calendar(database)).do([stale, *await claimed(database)])
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        assert (await api.alice.read_booking(other)).status_code == 200
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await kinds(database, first), await kinds(database, second)) == (BOOKED, BOOKED)
    assert (await capacity_taken(database), await appointments_made(database)) == (2, 2)
