"""Jobs: each leased to one worker at a time, by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.store import jobs
from connect_appointments.store.engine import Database
from connect_appointments.store.jobs import Job, JobKind, Task
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import being_booked, created, execute, rows


@pytest.fixture
async def request_id(database: Database) -> int:
    """An appointment-request to have jobs for."""
    return await created(database)


async def _add(database: Database, request_id: int, count: int = 1) -> None:
    async def work(connection: AsyncConnection) -> None:
        for n in range(count):
            await jobs.add(connection, JobKind.SEARCH, [Task(request_id, f"trace-{n}")])

    await database.write(work)


async def _claim(database: Database, limit: int = 10, lease_seconds: float = 60) -> Sequence[Job]:
    return await database.write(lambda connection: jobs.claim(connection, limit=limit, lease_seconds=lease_seconds))


async def _finish(database: Database, job: Job) -> bool:
    return await database.write(lambda connection: jobs.finish(connection, job))


async def _count(database: Database) -> int:
    return await database.read(jobs.count)


async def _let_leases_run_out(database: Database) -> None:
    if database.is_sqlite:
        await execute(database, "UPDATE jobs SET due_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 seconds')")
    else:
        await execute(database, "UPDATE jobs SET due_at = now() - interval '1 second'")


async def test_a_claimed_job_says_what_to_do(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    await database.write(lambda connection: jobs.add(connection, JobKind.BOOK, [Task(request_id, "trace", booking_id)]))
    (found,) = await _claim(database)
    assert found == Job(found.id, JobKind.BOOK, request_id, booking_id, "trace", tries=1)


async def test_a_job_that_is_not_committed_is_nobodys(database: Database, request_id: int) -> None:
    async def work(connection: AsyncConnection) -> None:
        await jobs.add(connection, JobKind.SEARCH, [Task(request_id, "trace")])
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await _claim(database) == []


async def test_no_more_jobs_are_claimed_than_asked_for(database: Database, request_id: int) -> None:
    await _add(database, request_id, 5)
    assert [len(await _claim(database, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_longest_due_job_comes_first(database: Database, request_id: int) -> None:
    await _add(database, request_id, 3)
    await _let_leases_run_out(database)
    await _add(database, request_id)
    first = await _claim(database, limit=3)
    (last,) = await _claim(database)
    assert last.id > max(job.id for job in first)


async def test_a_leased_job_is_not_claimed_again(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    assert len(await _claim(database)) == 1
    assert await _claim(database) == []
    assert await _count(database) == 1


async def test_a_job_whose_lease_ran_out_is_claimed_again_and_counts_its_tries(
    database: Database, request_id: int
) -> None:
    await _add(database, request_id)
    (first,) = await _claim(database)
    await _let_leases_run_out(database)
    (second,) = await _claim(database)
    assert second == first._replace(tries=2)


async def test_a_lease_lasts_as_long_as_asked_by_the_clock_of_the_database(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    await _claim(database, lease_seconds=90.5)
    left = (
        "SELECT (julianday(due_at) - julianday('now')) * 86400 FROM jobs"
        if database.is_sqlite
        else "SELECT extract(epoch FROM due_at - clock_timestamp()) FROM jobs"
    )
    ((seconds,),) = await rows(database, left)
    assert 80 < seconds < 90.6


async def test_a_finished_job_is_gone(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (job,) = await _claim(database)
    assert await _finish(database, job)
    assert not await _finish(database, job)
    assert await _count(database) == 0


async def test_the_id_of_a_finished_job_is_never_another_jobs(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (first,) = await _claim(database)
    await _finish(database, first)
    await _add(database, request_id)
    (second,) = await _claim(database)
    assert second.id > first.id


async def test_a_worker_that_slept_through_its_lease_finishes_nothing(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (slept,) = await _claim(database)
    await _let_leases_run_out(database)
    (awake,) = await _claim(database)
    assert not await _finish(database, slept)
    assert await _count(database) == 1
    assert await _finish(database, awake)


async def test_of_many_those_are_finished_that_are_still_ones_own(database: Database, request_id: int) -> None:
    await _add(database, request_id, 3)
    slept = await _claim(database)
    await _let_leases_run_out(database)
    (taken,) = await _claim(database, limit=1)
    mine = {job for job in slept if job.id != taken.id}
    assert await database.write(lambda connection: jobs.finish_many(connection, slept)) == mine
    assert await database.write(lambda connection: jobs.finish_many(connection, [*slept, taken])) == {taken}
    assert await _count(database) == 0


async def test_a_postponed_job_is_due_later_and_keeps_its_error(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (job,) = await _claim(database)
    await database.write(lambda connection: jobs.postpone(connection, job, seconds=3600, error="no answer"))
    assert await _claim(database) == []
    assert await rows(database, "SELECT tries, last_error FROM jobs") == [(1, "no answer")]
    await _let_leases_run_out(database)
    assert [found.tries for found in await _claim(database)] == [2]


async def test_a_job_postponed_to_now_is_due_at_once(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (job,) = await _claim(database)
    await database.write(lambda connection: jobs.postpone(connection, job, seconds=0, error="busy"))
    assert [found.id for found in await _claim(database)] == [job.id]


async def test_a_worker_that_slept_through_its_lease_postpones_nothing(database: Database, request_id: int) -> None:
    await _add(database, request_id)
    (slept,) = await _claim(database)
    await _let_leases_run_out(database)
    await _claim(database)
    await database.write(lambda connection: jobs.postpone(connection, slept, seconds=0, error="late"))
    assert await _claim(database) == []
    assert await rows(database, "SELECT last_error FROM jobs") == [(None,)]


async def test_claimers_at_once_share_no_job_and_leave_none(
    database: Database, neighbour: Database, request_id: int
) -> None:
    await _add(database, request_id, 60)

    async def work_off(where: Database) -> list[int]:
        found: list[int] = []
        while claimed := await _claim(where, limit=3):
            found += [job.id for job in claimed]
        return found

    shares = await asyncio.gather(*(work_off(where) for where in (database, neighbour) * 3))
    claimed = [job_id for share in shares for job_id in share]
    assert (len(claimed), len(set(claimed))) == (60, 60)


@ON_POSTGRESQL
async def test_a_claim_steps_over_jobs_that_another_is_claiming(
    database: Database, neighbour: Database, request_id: int
) -> None:
    await _add(database, request_id, 4)

    claims: list[Sequence[Job]] = []

    async def work(connection: AsyncConnection) -> None:
        claims.append(await jobs.claim(connection, limit=2, lease_seconds=60))
        async with asyncio.timeout(5):
            claims.append(await _claim(neighbour, limit=4))

    await database.write(work)
    # Where transactions are serializable, this one runs again and finds nothing left.
    mine, others = claims[:2]
    assert (len(mine), len(others)) == (2, 2)
    assert not {job.id for job in mine} & {job.id for job in others}


@ON_POSTGRESQL
async def test_claiming_from_very_many_jobs_reads_a_few(database: Database, request_id: int) -> None:
    await execute(
        database,
        """
        INSERT INTO jobs (kind, request_id, trace, tries, due_at)
        SELECT 'search', :request_id, 'trace', 0, now() - n * interval '1 second' FROM generate_series(1, 100000) AS n
        """,
        request_id=request_id,
    )
    await execute(database, "ANALYZE jobs")

    async def work(connection: AsyncConnection) -> int:
        await jobs.claim(connection, limit=8, lease_seconds=60)
        blocks = "SELECT pg_stat_get_xact_tuples_returned('jobs'::regclass)"
        return int(await connection.scalar(sa.text(blocks)) or 0)

    # Rows read by scans of the whole table: there must be none.
    assert await database.write(work) == 0
