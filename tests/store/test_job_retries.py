"""The operator makes jobs due that wait after a failure, and never a leased job."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import Operator, Owner
from connect_appointments.jobs import search
from connect_appointments.store.columns import seconds_from_now
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import RELEASE_OFFER, Job, NewJob, Postponed
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.operations.job_retries import retry_request
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import created, until_one_waits
from tests.store.test_jobs import add_jobs, claim_jobs, request_id

__all__ = ["request_id"]

OPERATOR = Operator("test")


async def tried(database: Database, request_id: int, *, error: str | None = "down", seconds: float = 3600) -> Job:
    """A job that was claimed and postponed."""
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    later = [Postponed(job, seconds, error)]
    await database.write(lambda transaction: jobs.postpone(transaction, later))
    return job


async def retried(database: Database, request_id: int) -> list[tuple[str, str, int, str | None]]:
    """What a retry says of each job."""
    found = await retry_request(database, OPERATOR, request_id)
    return [(job.kind, state.value, job.tries, job.last_error) for job, state in found]


async def test_a_job_that_waits_after_a_failure_is_due_now(database: Database, request_id: int) -> None:
    job = await tried(database, request_id)
    assert await claim_jobs(database) == []
    assert await retried(database, request_id) == [("search", "retried", 1, "down")]
    assert [found.key for found in await claim_jobs(database)] == [(job.id, 2)]


async def test_jobs_of_another_request_keep_waiting(database: Database, request_id: int) -> None:
    await tried(database, await created(database))
    assert await retried(database, request_id) == []
    assert await claim_jobs(database) == []


async def test_a_leased_job_is_left_alone_at_each_of_its_tries(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    assert await retried(database, request_id) == [("search", "running", 1, None)]
    assert await claim_jobs(database) == []
    later = [Postponed(job, 0, "down")]
    await database.write(lambda transaction: jobs.postpone(transaction, later))
    (again,) = await claim_jobs(database)
    assert await retried(database, request_id) == [("search", "running", 2, None)]
    assert await claim_jobs(database) == []
    assert await database.write(lambda transaction: jobs.finish(transaction, [again])) == {again.key}


async def test_a_job_that_waits_for_an_answer_of_the_workforce_system_is_left_alone(
    database: Database, request_id: int
) -> None:
    await tried(database, request_id, error=None)
    assert await retried(database, request_id) == [("search", "running", 1, None)]
    assert await claim_jobs(database) == []


async def test_a_job_that_is_due_stays_so(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    assert await retried(database, request_id) == [("search", "due", 0, None)]
    await claim_jobs(database, lease_seconds=-1)
    assert await retried(database, request_id) == [("search", "due", 1, None)], "its lease has ended"


async def test_the_release_of_a_standing_offer_is_not_brought_forward(database: Database, request_id: int) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    new = [NewJob(RELEASE_OFFER, request_id, "x_request_id", due_at=until)]
    await database.write(lambda transaction: jobs.add(transaction, new))
    assert await retried(database, request_id) == [(RELEASE_OFFER, "scheduled", 0, None)]


async def test_an_unknown_request_and_one_of_another_owner_are_not_found(database: Database, request_id: int) -> None:
    await tried(database, request_id)
    for scope, number in ((OPERATOR, request_id + 1), (Owner(BOB), request_id)):
        with pytest.raises(NotFound):
            await retry_request(database, scope, number)
    assert await claim_jobs(database) == []
    assert len(await retry_request(database, Owner(ALICE), request_id)) == 1


@ON_POSTGRESQL
async def test_a_job_that_is_claimed_at_the_same_moment_keeps_its_lease(
    database: Database, neighbour: Database, request_id: int
) -> None:
    await tried(database, request_id)
    states: list[str] = []
    waiting: list[asyncio.Task[None]] = []

    async def retry() -> None:
        states.extend(state for _, state, *_ in await retried(neighbour, request_id))

    async def work(transaction: Transaction) -> Sequence[Job]:
        await transaction.execute(sa.update(jobs_table).values(due_at=seconds_from_now(-1)))
        claimed = await jobs.claim(transaction, search.CLAIM, limit=1, lease_seconds=60)
        if not waiting:
            waiting.append(asyncio.create_task(retry()))
            await until_one_waits(database.url)
        return claimed

    (job,) = await database.write(work)
    await waiting[0]
    assert states == ["running"]
    assert await claim_jobs(neighbour) == []
    assert await database.write(lambda transaction: jobs.finish(transaction, [job])) == {job.key}
