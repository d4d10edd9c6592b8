"""A worker that is killed between the steps of a job: the next one finds everything that was committed, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.store.queries.jobs import Job
from tests.api_client import Api, number_of
from tests.store.given import kinds
from tests.worker.by_hand import (
    appointments_made,
    claimed_one,
    jobs_left,
    places_taken,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.workforces import Behind, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
SEARCHED = ["created", "slots-found"]
BOOKED = [*SEARCHED, "booking-started", "booked"]


async def to_be_booked(api: Api, database: Database) -> tuple[int, int]:
    """A request whose first slot is to be booked: its id, and the attempt's number."""
    request_id = await api.created(1)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    return request_id, number_of(await api.alice.book(request_id, slots[0]["id"]))


class Deaf(Behind):
    """A workforce system that does what it is asked, and whose answer to a call never arrives."""

    def __init__(self, behind: Any, call: str) -> None:
        super().__init__(behind)
        self._call = call
        self.is_done = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return self._unheard if name == self._call else super().__getattr__(name)

    async def _unheard(self, *arguments: Any) -> None:
        await getattr(self._behind, self._call)(*arguments)
        self.is_done.set()
        await asyncio.Event().wait()


async def killed_after(database: Database, job: Job, call: str) -> None:
    """A worker does a job and is killed after the workforce system has done what a call asks for."""
    workforce = Deaf(calendar(database), call)
    at_work = asyncio.create_task(worker_of(database, workforce).do([job]))
    await workforce.is_done.wait()
    at_work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await at_work


@pytest.mark.parametrize("step", ["claimed", "searched", "finished"])
async def test_a_worker_killed_at_any_step_of_a_search_loses_nothing(
    serve: Serve, database: Database, step: str
) -> None:
    """Its connections and its lease end; whatever it had not committed is as if it had never been."""
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        job = await claimed_one(database)
        if step == "searched":
            await killed_after(database, job, "find_slots")
        if step == "finished":
            await worker_of(database, calendar(database)).do([job])
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json()["slots"]
    assert (await kinds(database, request_id), await jobs_left(database)) == (SEARCHED, 0)


@pytest.mark.parametrize("step", ["claimed", "reserved", "finished"])
async def test_a_worker_killed_at_any_step_of_a_booking_loses_nothing(
    serve: Serve, database: Database, step: str
) -> None:
    async with serve(with_worker=False) as api:
        request_id, booking_id = await to_be_booked(api, database)
        job = await claimed_one(database)
        if step == "reserved":
            await killed_after(database, job, "reserve")
            assert await places_taken(database) == 1
        if step == "finished":
            await worker_of(database, calendar(database)).do([job])
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(booking_id)).status_code == 200
        assert await database.read(verify.findings) == []
    assert (await kinds(database, request_id), await jobs_left(database)) == (BOOKED, 0)
    assert (await places_taken(database), await appointments_made(database)) == (1, 1)
