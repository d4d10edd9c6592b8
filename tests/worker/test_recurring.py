"""Recurring jobs: one process at a time runs each of them, and a cursor goes from run to run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
import structlog

from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.recurring import Ran, RecurringJob
from connect_appointments.jobs.worker import Worker
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import recurring_jobs
from connect_appointments.store.queries.recurring_jobs import RecurringClaim
from connect_appointments.telemetry.outage import Outage
from tests.build import Clock
from tests.store.given import execute, rows, until

HOUR = 3600


class Counting:
    """A run that counts: its cursor is the number of runs."""

    def __init__(self, outcomes: Sequence[Callable[[RecurringClaim], Ran]] = ()) -> None:
        self.cursors: list[str | None] = []
        self._outcomes = list(outcomes)

    async def __call__(self, claimed: RecurringClaim) -> Ran:
        self.cursors.append(claimed.cursor)
        if self._outcomes:
            return self._outcomes.pop(0)(claimed)
        return Ran(str(len(self.cursors)))


def fails(_: RecurringClaim) -> Ran:
    raise ConnectionError("down")


def worker_with(database: Database, run: Counting, interval: float = HOUR) -> Worker:
    return Worker(database, [], Clock(), WorkerOptions(), Outage(), [RecurringJob("news", interval, run)])


async def make_due(database: Database) -> None:
    await execute(database, "UPDATE recurring_jobs SET due_at = '2020-01-01T00:00:00.000Z'")


async def cursor(database: Database) -> object:
    ((found,),) = await rows(database, "SELECT cursor FROM recurring_jobs WHERE name = 'news'")
    return found


async def claimed(database: Database) -> RecurringClaim | None:
    return await database.write(lambda transaction: recurring_jobs.claim(transaction, "news", lease_seconds=600))


async def test_the_first_run_has_no_cursor_and_the_next_one_has_the_cursor_of_the_first(database: Database) -> None:
    run = Counting()
    worker = worker_with(database, run)
    await worker.recur("news")
    await make_due(database)
    await worker.recur("news")
    assert (run.cursors, await cursor(database)) == ([None, "1"], "2")


async def test_a_job_is_not_run_before_its_interval_has_passed(database: Database) -> None:
    run = Counting()
    worker = worker_with(database, run)
    for _ in range(3):
        await worker.recur("news")
    assert run.cursors == [None]


async def test_a_job_with_more_to_do_is_due_at_once(database: Database) -> None:
    run = Counting([lambda _: Ran("a", has_more=True)])
    worker = worker_with(database, run)
    assert await worker.recur("news")
    assert not await worker.recur("news")
    assert run.cursors == [None, "a"]


async def test_a_failed_run_keeps_its_cursor_and_is_logged(database: Database) -> None:
    run = Counting([lambda _: Ran("a"), fails])
    worker = worker_with(database, run)
    await worker.recur("news")
    await make_due(database)
    with structlog.testing.capture_logs() as logs:
        assert not await worker.recur("news")
    assert [(line["event"], line["kind"], line["reason"]) for line in logs] == [
        ("recurring-job-failed", "news", "ConnectionError: down")
    ]
    assert not await worker.recur("news"), "a failed run waits"
    await make_due(database)
    await worker.recur("news")
    assert run.cursors == [None, "a", "a"]


async def test_of_many_workers_one_runs_the_job(database: Database) -> None:
    neighbour = Database(database.url)
    found = await asyncio.gather(*(claimed(where) for where in (database, neighbour) * 4))
    await neighbour.close()
    assert len([one for one in found if one is not None]) == 1


async def test_a_claim_whose_lease_ran_out_is_taken_up_and_can_change_nothing(database: Database) -> None:
    stale = await claimed(database)
    await make_due(database)
    fresh = await claimed(database)
    assert stale is not None
    assert fresh is not None
    for end in (recurring_jobs.save_cursor, lambda *given: recurring_jobs.finish(*given, seconds=0)):
        assert not await database.write(lambda transaction, end=end: end(transaction, stale, "stale"))
    assert not await database.write(lambda transaction: recurring_jobs.postpone(transaction, stale, seconds=0))
    assert await cursor(database) is None
    assert await database.write(lambda transaction: recurring_jobs.save_cursor(transaction, fresh, "half"))
    assert await database.write(lambda transaction: recurring_jobs.finish(transaction, fresh, "all", seconds=0))
    assert await cursor(database) == "all"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_running_worker_runs_its_recurring_jobs_until_it_is_stopped(database: Database) -> None:
    run = Counting([lambda _: Ran("a", has_more=True), fails])
    worker = worker_with(database, run, interval=0.01)

    async def three_runs() -> bool:
        return len(run.cursors) >= 3

    at_work = asyncio.create_task(worker.run())
    await until(three_runs)
    worker.stop()
    await at_work
    assert run.cursors[:3] == [None, "a", "a"]
