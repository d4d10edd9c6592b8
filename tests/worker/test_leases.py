"""A worker that is killed, or sleeps, between two steps of a job: another takes it up, and it counts once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from connect_appointments.core.model import Owner
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.transaction import Transaction
from tests.api_client import Api, number_of
from tests.build import ALICE
from tests.store.given import kinds, rows
from tests.worker.by_hand import (
    claim,
    claimed,
    claimed_one,
    jobs_left,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.workforces import Broken, Gated, Scripted, Undecided, morning

Serve = Callable[..., AbstractAsyncContextManager[Api]]
SEARCHED = ["created", "slots-found"]
BOOKED = [*SEARCHED, "booking-started", "booked"]
REFUSED = [*SEARCHED, "booking-started", "slot-refused"]


async def to_be_booked(api: Api, database: Database) -> tuple[int, int]:
    """A request whose first slot is to be booked: its id, and the attempt's number."""
    request_id = await api.created(1)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    return request_id, number_of(await api.alice.book(request_id, slots[0]["id"]))


async def twice_claimed(database: Database) -> tuple[Job, Job]:
    """One job as a worker has it that slept beyond its lease, and as the next worker has it."""
    stale = await claimed_one(database)
    await run_out(database)
    fresh = await claimed_one(database)
    assert (stale.id, stale.tries + 1) == (fresh.id, fresh.tries)
    return stale, fresh


async def test_a_claimed_job_is_nobody_elses_while_its_lease_lasts(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        await api.created(1)
    await claimed_one(database)
    assert await claimed(database) == []
    await run_out(database)
    assert (await claimed_one(database)).tries == 2


async def test_no_job_is_claimed_by_two_workers_at_once(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        for _ in range(12):
            await api.created(1)
    neighbour = Database(database.url)
    found = await asyncio.gather(*(claimed(where, 4) for where in (database, neighbour) * 3))
    await neighbour.close()
    ids = [job.id for part in found for job in part] + [job.id for job in await claimed(database)]
    assert len(ids) == len(set(ids)) == 12


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_claim_under_way_holds_up_no_other(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        first, second = await api.created(1), await api.created(1)

    async def slow(transaction: Transaction) -> set[int | None]:
        (mine,) = await claim(transaction, limit=1)
        (other,) = await claimed(database)
        return {mine.request_id, other.request_id}

    assert await database.write(slow) == {first, second}


async def test_a_search_whose_worker_was_killed_is_taken_up(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await claimed_one(database)
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert (await kinds(database, request_id), await jobs_left(database)) == (SEARCHED, 0)


async def test_a_running_worker_takes_up_what_a_killed_one_left(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await claimed_one(database)
        await run_out(database)
    async with serve(worker=WorkerOptions(poll_seconds=0.02)) as api:
        assert (await api.settled(lambda: api.alice.read(request_id))).status_code == 200


@pytest.mark.parametrize("stale_first", [True, False])
async def test_a_search_finished_late_changes_nothing(serve: Serve, database: Database, *, stale_first: bool) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        stale, fresh = await twice_claimed(database)
        turns = [
            (worker_of(database, Scripted([morning("stale")])), stale),
            (worker_of(database, Scripted([morning("fresh")])), fresh),
        ]
        for worker, job in turns if stale_first else reversed(turns):
            await worker.do([job])
        assert [slot["id"] for slot in (await api.alice.read(request_id)).json()["slots"]] == ["fresh"]
    assert (await kinds(database, request_id), await jobs_left(database)) == (SEARCHED, 0)


async def test_two_workers_that_search_for_one_job_at_once_count_once(serve: Serve, database: Database) -> None:
    workforce = Gated(Scripted([morning("a")]))
    workforce.searching.shut()
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        stale, fresh = await twice_claimed(database)
        both = [asyncio.create_task(worker_of(database, workforce).do([job])) for job in (stale, fresh)]
        await workforce.searching.until_asked()
        workforce.searching.open()
        await asyncio.gather(*both)
        assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert (await kinds(database, request_id), await jobs_left(database)) == (SEARCHED, 0)


async def test_a_worker_that_overslept_and_claimed_its_own_job_again_counts_once(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(Scripted([morning("a")]))
    workforce.searching.shut()
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        worker = worker_of(database, workforce)
        both = [asyncio.create_task(worker.do([job])) for job in reversed(await twice_claimed(database))]
        await workforce.searching.until_asked()
        workforce.searching.open()
        await asyncio.gather(*both)
        assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert (await kinds(database, request_id), await jobs_left(database)) == (SEARCHED, 0)


async def test_a_stale_worker_that_fails_does_not_put_off_the_fresh_one(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        stale, fresh = await twice_claimed(database)
        failing = worker_of(database, Broken(), search_tries=1)
        await failing.do([stale])
        assert (await api.alice.read(request_id)).status_code == 202
        await worker_of(database, Scripted([morning("fresh")])).do([fresh])
        assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert await kinds(database, request_id) == SEARCHED


class Killed(Exception):
    """The end of a worker."""


async def test_a_job_is_gone_with_the_change_it_made_or_not_at_all(serve: Serve, database: Database) -> None:
    """A worker killed after its last statement and before COMMIT has done nothing."""
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        job = await claimed_one(database)

        async def work(transaction: Transaction) -> None:
            assert await jobs.finish(transaction, [job]) == {job.key}
            raise Killed

        with pytest.raises(Killed):
            await database.write(work)
        await run_out(database)
        await work_off(api.parts.worker, database)
        found = await api.parts.service.bookings.read_booking(Owner(ALICE), booking_id)
    assert found.appointment is not None
    assert await kinds(database, request_id) == BOOKED


async def test_a_claim_that_was_superseded_takes_no_job_off_the_list(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        await api.created(1)
    stale, fresh = await twice_claimed(database)
    assert await database.write(lambda transaction: jobs.finish(transaction, [stale])) == set()
    assert await jobs_left(database) == 1
    assert await database.write(lambda transaction: jobs.finish(transaction, [stale, fresh])) == {fresh.key}
    assert await jobs_left(database) == 0


@pytest.mark.parametrize("outcome", ["failed", "not-yet"])
async def test_a_stale_worker_does_not_make_the_fresh_ones_job_due(
    serve: Serve, database: Database, outcome: str
) -> None:
    async with serve(with_worker=False) as api:
        await to_be_booked(api, database)
        stale, _ = await twice_claimed(database)
        workforce = Broken() if outcome == "failed" else Undecided()
        await worker_of(database, workforce, backoff_seconds=0, max_backoff_seconds=0).do([stale])
    assert await claimed(database) == []
    assert [row[0] for row in await rows(database, "SELECT last_error FROM jobs")] == [None]
