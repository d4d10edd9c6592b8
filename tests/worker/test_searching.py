"""Looking up slots in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import structlog

from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.workforce.port import AvailabilityQuery
from tests.api_client import Api
from tests.store.given import execute, kinds, rows, until
from tests.worker.by_hand import claimed, claimed_one, jobs_left, run_out, work_off, worker_of
from tests.worker.workforces import Behind, Failing, Gated, Scripted, calendar, morning

Serve = Callable[..., AbstractAsyncContextManager[Api]]


async def test_a_search_opens_the_request_and_leaves_no_job(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        assert (await api.alice.read(request_id)).status_code == 202
        await work_off(api.parts.worker, database)
        answer = await api.alice.read(request_id)
    assert (answer.status_code, answer.json()["status"]) == (200, "open")
    assert await jobs_left(database) == 0
    assert await kinds(database, request_id) == ["created", "slots-found"]


async def test_d2_what_a_search_finds_after_a_cancel_is_thrown_away(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.searching.shut()
    async with serve(workforce=workforce) as api:
        request_id = await api.created(1)
        await workforce.searching.until_asked()
        assert (await api.alice.cancel(request_id)).status_code == 204
        workforce.searching.open()
        await until(lambda: _is_empty(database))
        answer = await api.alice.read(request_id)
        assert (answer.json()["status"], answer.json()["slots"]) == ("cancelled", [])
    assert await kinds(database, request_id) == ["created", "cancelled"]
    assert await rows(database, "SELECT * FROM offers") == []


async def _is_empty(database: Database) -> bool:
    return await jobs_left(database) == 0


async def test_d2_a_search_that_begins_after_the_cancel_changes_nothing(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        assert (await api.alice.cancel(request_id)).status_code == 204
        before = (await api.alice.read(request_id)).json()
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json() == before
    assert await jobs_left(database) == 0
    assert await kinds(database, request_id) == ["created", "cancelled"]


async def test_d4_a_search_that_fails_for_good_after_a_cancel_changes_nothing(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        assert (await api.alice.cancel(request_id)).status_code == 204
        failing = Failing(Scripted(), ConnectionError("down"), times=9)
        await work_off(worker_of(database, failing, search_tries=1), database)
        assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert await kinds(database, request_id) == ["created", "cancelled"]


@pytest.mark.parametrize("tries", [1, 2, 5])
async def test_d19_a_search_fails_for_good_with_its_last_try(serve: Serve, database: Database, tries: int) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        worker = worker_of(database, Failing(Scripted(), ConnectionError("down"), times=99), search_tries=tries)
        for _ in range(tries):
            assert (await api.alice.read(request_id)).status_code == 202
            await worker.do([await claimed_one(database)])
            await run_out(database)
        answer = await api.alice.read(request_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "search-failed")
    assert await jobs_left(database) == 0
    assert await kinds(database, request_id) == ["created", "search-failed"]


async def test_a_search_that_failed_before_its_last_try_finds_its_slots_later(serve: Serve, database: Database) -> None:
    workforce = Failing(calendar(database), ConnectionError("down"), times=3)
    async with serve(workforce=workforce, worker=WorkerOptions(search_tries=4, backoff_seconds=0)) as api:
        request_id, slots = await api.opened(1)
    assert slots
    assert await kinds(database, request_id) == ["created", "slots-found"]


async def test_a_postponed_job_waits_and_says_why(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        await api.created(1)
        worker = worker_of(database, Failing(Scripted(), ConnectionError("no route"), times=1), backoff_seconds=60)
        await worker.do([await claimed_one(database)])
    assert await claimed(database) == []
    ((tries, reason),) = await rows(database, "SELECT tries, last_error FROM jobs")
    assert (tries, reason) == (1, "ConnectionError: no route")


@pytest.mark.parametrize("message", ["nul \x00", "half a pair \ud800", "\u00e4\u00f6 \U0001f4a5", "x" * 10_000])
async def test_a_reason_that_no_database_can_hold_still_postpones_the_job(
    serve: Serve, database: Database, message: str
) -> None:
    async with serve(with_worker=False) as api:
        await api.created(1)
        worker = worker_of(database, Failing(Scripted(), ValueError(message), times=1), backoff_seconds=0)
        await worker.do([await claimed_one(database)])
    (again,) = await claimed(database)
    assert again.tries == 2


async def test_a_workforce_that_does_not_answer_in_time_is_asked_again(serve: Serve, database: Database) -> None:
    workforce = Gated(Scripted([morning("a")]))
    workforce.searching.shut()
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        worker = worker_of(database, workforce, lease_seconds=0.02, backoff_seconds=0)
        await worker.do([await claimed_one(database)])
        assert [row[0] for row in await rows(database, "SELECT last_error FROM jobs")] == ["TimeoutError: "]
        workforce.searching.open()
        await work_off(worker_of(database, workforce), database)
        assert [slot["id"] for slot in (await api.alice.read(request_id)).json()["slots"]] == ["a"]


async def test_no_more_jobs_run_at_once_than_there_are_places(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    counting = Counting(workforce)
    workforce.searching.shut()
    async with serve(workforce=counting, worker=WorkerOptions(slots=2)) as api:
        found = [await api.created(1) for _ in range(5)]
        await until(lambda: _asked(counting, 2))
        for request_id in found:
            assert (await api.alice.read(request_id)).status_code == 202
        assert counting.asked == 2
        workforce.searching.open()
        for request_id in found:
            await api.settled(partial(api.alice.read, request_id))
    assert (counting.asked, counting.most) == (5, 2)


async def test_jobs_that_come_soon_after_a_claim_are_claimed_together(serve: Serve, database: Database) -> None:
    counting = Counting(calendar(database))
    options = WorkerOptions(gather_seconds=1, poll_seconds=3600)
    async with serve(workforce=counting, worker=options) as api:
        first = await api.created(1)
        await api.settled(partial(api.alice.read, first))
        for request_id in [await api.created(order_id) for order_id in (1, 2, 3)]:
            await api.settled(partial(api.alice.read, request_id))
    assert counting.groups == [1, 3]


class Counting(Behind):
    """A workforce system that counts the searches it was asked for, by group, and the most of them at once."""

    def __init__(self, behind: Any) -> None:
        super().__init__(behind)
        self.asked = 0
        self.groups: list[int] = []
        self.most = 0
        self._now = 0

    async def find_slots(self, queries: Sequence[AvailabilityQuery], now: datetime) -> Any:
        self.asked += len(queries)
        self.groups.append(len(queries))
        self._now += len(queries)
        self.most = max(self.most, self._now)
        try:
            return await self._behind.find_slots(queries, now)
        finally:
            self._now -= len(queries)


async def _asked(workforce: Counting, count: int) -> bool:
    return workforce.asked >= count


async def test_a_stopped_worker_finishes_what_it_has_begun_and_claims_nothing_more(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(calendar(database))
    workforce.searching.shut()
    async with serve(with_worker=False) as api:
        begun = await api.created(1)
        worker = worker_of(database, workforce, slots=1)
        at_work = asyncio.create_task(worker.run())
        await workforce.searching.until_asked()
        left = await api.created(2)
        worker.stop()
        workforce.searching.open()
        await at_work
        assert (await api.alice.read(begun)).status_code == 200
        assert (await api.alice.read(left)).status_code == 202
    assert await jobs_left(database) == 1


async def test_a_worker_outlives_an_error_nobody_thought_of(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await execute(database, "ALTER TABLE jobs RENAME TO jobs_elsewhere")
        worker = worker_of(database, calendar(database), poll_seconds=0.01)
        with structlog.testing.capture_logs() as logs:
            at_work = asyncio.create_task(worker.run())
            await until(lambda: _has(logs, "jobs-not-claimed"))
        await execute(database, "ALTER TABLE jobs_elsewhere RENAME TO jobs")
        assert (await api.settled(lambda: api.alice.read(request_id))).status_code == 200
        worker.stop()
        await at_work


async def _has(logs: list[Any], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)
