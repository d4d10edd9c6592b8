"""Claims of jobs at the same time, and among very many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.jobs import search
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.transaction import Transaction
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import execute
from tests.store.test_jobs import add_jobs, claim_jobs, request_id

__all__ = ["request_id"]


async def test_claimers_at_once_share_no_job_and_leave_none(
    database: Database, neighbour: Database, request_id: int
) -> None:
    await add_jobs(database, request_id, 60)

    async def work_off(where: Database) -> list[int]:
        found: list[int] = []
        while claimed := await claim_jobs(where, limit=3):
            found += [job.id for job in claimed]
        return found

    shares = await asyncio.gather(*(work_off(where) for where in (database, neighbour) * 3))
    claimed = [job_id for share in shares for job_id in share]
    assert (len(claimed), len(set(claimed))) == (60, 60)


@ON_POSTGRESQL
async def test_a_claim_steps_over_jobs_that_another_is_claiming(
    database: Database, neighbour: Database, request_id: int
) -> None:
    await add_jobs(database, request_id, 4)

    claims: list[Sequence[Job]] = []

    async def work(transaction: Transaction) -> None:
        claims.append(await jobs.claim(transaction, search.CLAIM, limit=2, lease_seconds=60))
        async with asyncio.timeout(5):
            claims.append(await claim_jobs(neighbour, limit=4))

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
        INSERT INTO jobs (kind, request_id, x_request_id, tries, due_at)
        SELECT 'search', :request_id, 'x', 0, now() - n * interval '1 second' FROM generate_series(1, 100000) AS n
        """,
        request_id=request_id,
    )
    await execute(database, "ANALYZE jobs")

    async def work(transaction: Transaction) -> int:
        await jobs.claim(transaction, search.CLAIM, limit=8, lease_seconds=60)
        read = sa.text("SELECT pg_stat_get_xact_tuples_returned('jobs'::regclass) AS rows")
        return int((await transaction.fetch(read))[0].rows)

    # Rows read by scans of the whole table: there must be none.
    assert await database.write(work) == 0
