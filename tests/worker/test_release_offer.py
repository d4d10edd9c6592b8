"""Offers that the workforce system holds for us are released: when the hold ends, or sooner on a cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from connect_appointments.core.model import Actor, Operator
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import RELEASE_OFFER
from connect_appointments.store.tables import appointment_requests
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.usecases.order_imports import import_orders
from connect_appointments.workforce.port import ReleaseCommand
from tests.api_client import Api, number_of
from tests.build import BOB, sample_order
from tests.store.given import rows, until_one_waits
from tests.worker.by_hand import claimed, claimed_one, jobs_left, run_out, work_off, worker_of
from tests.worker.workforces import Scripted, morning

Serve = Callable[..., AbstractAsyncContextManager[Api]]
IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
NAMES = ["a", "b", "c"]


def holding(**changes: Any) -> Scripted:
    """A workforce system that holds three slots for an hour."""
    found = Scripted([morning(name) for name in NAMES], **changes)
    found.held_until = IN_AN_HOUR
    return found


async def opened(api: Api, database: Database, workforce: Scripted, order_id: int = 1) -> int:
    """An appointment-request whose offer is held."""
    request_id = await api.created(order_id)
    await worker_of(database, workforce).do([await claimed_one(database)])
    assert (await api.alice.read(request_id)).json()["status"] == "open"
    return request_id


async def release_jobs(database: Database) -> list[tuple[int, datetime]]:
    """The appointment-requests whose offers are to be released, and when."""
    query = sa.select(jobs_table.c.request_id, jobs_table.c.due_at).where(jobs_table.c.kind == RELEASE_OFFER)
    return [tuple(row) for row in await database.read(lambda transaction: transaction.fetch(query))]


async def held_until(database: Database, request_id: int) -> datetime | None:
    query = sa.select(appointment_requests.c.held_until).where(appointment_requests.c.id == request_id)
    ((found,),) = await database.read(lambda transaction: transaction.fetch(query))
    return found


def released(workforce: Scripted) -> list[list[str]]:
    """The slots that the workforce system was told to hold no longer, command by command."""
    return [[slot.id for slot in command.slots] for command in workforce.released]


async def test_a_held_offer_leaves_a_job_that_is_due_when_the_hold_ends(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
    assert await release_jobs(database) == [(request_id, IN_AN_HOUR)]
    assert await held_until(database, request_id) == IN_AN_HOUR
    assert await claimed(database) == []


async def test_an_offer_is_released_under_its_key_when_the_hold_ends(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await run_out(database)
        await work_off(worker_of(database, workforce), database)
    ((installation,),) = await rows(database, "SELECT id FROM installation")
    (command,) = workforce.released
    assert command.key == f"{installation}-o{request_id}"
    assert (command.visit.order.id, command.visit.site.area) == (1, "4000")
    assert released(workforce) == [NAMES]
    assert (await jobs_left(database), await held_until(database, request_id)) == (0, None)


async def test_cancelling_brings_the_release_forward(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        other = await opened(api, database, workforce, 2)
        assert (await api.alice.cancel(request_id)).status_code == 204
        await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [NAMES]
    assert await release_jobs(database) == [(other, IN_AN_HOUR)]


async def test_cancelling_again_releases_nothing_more(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        for _ in range(2):
            assert (await api.alice.cancel(request_id)).status_code == 204
            await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [NAMES]


async def test_d48_a_transfer_brings_the_release_forward(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        await opened(api, database, workforce)
        await transfer(database)
        await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [NAMES]
    assert await jobs_left(database) == 0


async def test_d48_a_booking_that_ends_as_transferred_brings_the_release_forward(
    serve: Serve, database: Database
) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await api.alice.book(request_id, "b")
        await transfer(database)
        await work_off(worker_of(database, workforce), database)
        assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert released(workforce) == [NAMES]
    assert await jobs_left(database) == 0


async def transfer(database: Database) -> None:
    operator = Actor(Operator("import"), "import", "x_request_id")
    await import_orders(database, operator, [sample_order(1, BOB)], transfer=True, over_after_days=7)


async def test_the_slot_that_was_booked_stays_held(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        booking_id = number_of(await api.alice.book(request_id, "b"))
        await work_off(worker_of(database, workforce), database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
        assert await release_jobs(database) == [(request_id, IN_AN_HOUR)]
        await run_out(database)
        await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [["a", "c"]]


async def test_the_slot_that_is_being_booked_stays_held(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await api.alice.book(request_id, "b")
        await run_out(database)
        release = [job for job in await claimed(database) if job.kind == RELEASE_OFFER]
        await worker_of(database, workforce).do(release)
    assert released(workforce) == [["a", "c"]]


async def test_the_slots_that_are_left_after_a_refusal_are_released(serve: Serve, database: Database) -> None:
    workforce = holding(grants=False)
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await api.alice.book(request_id, "b")
        await work_off(worker_of(database, workforce), database)
        assert (await api.alice.read(request_id)).json()["status"] == "open"
        assert (await api.alice.cancel(request_id)).status_code == 204
        await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [["a", "c"]]


class Unwilling(Scripted):
    """A workforce system whose first answers to a release are these."""

    def __init__(self, *answers: Exception) -> None:
        super().__init__()
        self._answers = list(answers)

    async def release_offer(self, commands: Sequence[ReleaseCommand]) -> Any:
        if self._answers:
            return [self._answers.pop(0) for _ in commands]
        return await super().release_offer(commands)


async def test_a_release_that_failed_is_tried_again(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, holding())
        await run_out(database)
        unwilling = Unwilling(*(ConnectionError("down") for _ in range(20)))
        worker = worker_of(database, unwilling, search_tries=1)
        for _ in range(20):
            await worker.do([await claimed_one(database)])
            await run_out(database)
        assert [row[0] for row in await rows(database, "SELECT last_error FROM jobs")] == ["ConnectionError: down"]
        assert await held_until(database, request_id) == IN_AN_HOUR
        await worker.do([await claimed_one(database)])
    assert (released(unwilling), await jobs_left(database)) == ([NAMES], 0)


async def test_a_release_whose_worker_was_killed_is_taken_up(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await run_out(database)
        stale = await claimed_one(database)
        await run_out(database)
        await work_off(worker_of(database, workforce), database)
        await worker_of(database, workforce).do([stale])
    assert (await jobs_left(database), await held_until(database, request_id)) == (0, None)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_release_locks_its_request_before_its_job(serve: Serve, database: Database, database_url: str) -> None:
    """As a cancel does, which brings the job forward: in the other order each would wait for the other."""
    workforce = holding()
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        await run_out(database)
        job = await claimed_one(database)
        caller = await asyncpg.connect(database_url)
        transaction = caller.transaction()
        await transaction.start()
        await caller.execute("SELECT id FROM appointment_requests WHERE id = $1 FOR UPDATE", request_id)
        releasing = asyncio.create_task(worker_of(database, workforce).do([job]))
        await until_one_waits(database_url)
        assert await caller.fetchval("SELECT id FROM jobs WHERE id = $1 FOR UPDATE NOWAIT", job.id) == job.id
        await transaction.rollback()
        await caller.close()
        await releasing
    assert (await jobs_left(database), await held_until(database, request_id)) == (0, None)


@pytest.mark.parametrize("hold", [None, IN_AN_HOUR])
async def test_only_what_is_held_is_ever_released(serve: Serve, database: Database, hold: datetime | None) -> None:
    workforce = holding()
    workforce.held_until = hold
    async with serve(with_worker=False) as api:
        request_id = await opened(api, database, workforce)
        assert len(await release_jobs(database)) == (hold is not None)
        await api.alice.cancel(request_id)
        await run_out(database)
        await work_off(worker_of(database, workforce), database)
    assert len(workforce.released) == (hold is not None)


async def test_the_calendar_leaves_no_such_job(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json()["slots"]
        assert (await jobs_left(database), await held_until(database, request_id)) == (0, None)
        assert (await api.alice.cancel(request_id)).status_code == 204
    assert await database.read(jobs.count) == 0


async def test_d46_the_slot_that_an_appointment_has_moved_to_is_not_released(serve: Serve, database: Database) -> None:
    workforce = holding()
    async with serve(with_worker=False) as api:
        first = await opened(api, database, workforce)
        booking = number_of(await api.alice.book(first, "a"))
        await work_off(worker_of(database, workforce), database)
        appointment_id = (await api.alice.read_booking(booking)).json()["id"]
        second = await opened(api, database, workforce)
        number = number_of(await api.alice.reschedule(appointment_id, second, "b"))
        await work_off(worker_of(database, workforce), database)
        assert (await api.alice.read_reschedule(number)).status_code == 200
        await run_out(database)
        await work_off(worker_of(database, workforce), database)
    assert released(workforce) == [["b", "c"], ["a", "c"]]
