"""The worker's steps taken one by one, and what they leave in the database."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.jobs.worker import Worker
from connect_appointments.store import jobs
from connect_appointments.store.engine import Database
from connect_appointments.store.jobs import Job
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.tables import seconds_from_now
from tests.store.given import rows

LEASE_SECONDS = 600


async def claimed(database: Database, limit: int = 100) -> Sequence[Job]:
    """What a worker gets when it claims every job that is due."""
    return await database.write(
        lambda connection: jobs.claim(connection, limit=limit, lease_seconds=LEASE_SECONDS),
    )


async def claimed_one(database: Database) -> Job:
    """The one job that is due."""
    (job,) = await claimed(database)
    return job


async def work_off(worker: Worker, database: Database) -> None:
    """Do every job that is due, in turn."""
    while found := await claimed(database):
        for job in found:
            await worker.do(job)


async def run_out(database: Database) -> None:
    """Every lease ends and every postponed job is due, by the database's clock."""
    statement = sa.update(jobs_table).values(due_at=seconds_from_now(-1))
    await database.write(lambda connection: connection.execute(statement))


async def jobs_left(database: Database) -> int:
    """How many jobs there are."""
    return await database.read(jobs.count)


async def places_taken(database: Database) -> int:
    """How many places of the calendar are taken."""
    ((found,),) = await rows(database, "SELECT coalesce(sum(taken), 0) FROM capacity")
    return int(found)


async def places_granted(database: Database) -> int:
    """How many reservations the calendar has granted."""
    ((found,),) = await rows(database, "SELECT count(*) FROM reservations WHERE granted")
    return int(found)


async def appointments_made(database: Database) -> int:
    """How many appointments exist."""
    ((found,),) = await rows(database, "SELECT count(*) FROM appointments")
    return int(found)
