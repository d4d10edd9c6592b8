"""The worker's steps taken one by one, and what they leave in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.reservations import ReservationState
from connect_appointments.jobs import (
    book,
    cancel_appointment,
    cancel_reservation,
    release_offer,
    reschedule_appointment,
    search,
)
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.worker import Worker
from connect_appointments.store.columns import seconds_from_now
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.tables import appointments, capacity, reservations
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.wiring import create_worker, default_policy
from tests.build import Clock

LEASE_SECONDS = 600
KINDS = (search, book, release_offer, cancel_appointment, cancel_reservation, reschedule_appointment)
CLAIMS = tuple(kind.CLAIM for kind in KINDS)
"""The claim statement of every kind of job."""


def worker_of(database: Database, workforce: Any, **options: Any) -> Worker:
    """A worker that asks this workforce system, with any of its options changed."""
    return create_worker(database, workforce, default_policy(), Clock(), WorkerOptions(**options))


async def claim(transaction: Transaction, limit: int = 100, lease_seconds: float = LEASE_SECONDS) -> Sequence[Job]:
    """Claim up to `limit` jobs that are due, of every kind."""
    found: list[Job] = []
    for statement in CLAIMS:
        left = limit - len(found)
        if left:
            found += await jobs.claim(transaction, statement, limit=left, lease_seconds=lease_seconds)
    return found


async def claimed(database: Database, limit: int = 100) -> Sequence[Job]:
    """What a worker gets when it claims every job that is due."""
    return await database.write(lambda transaction: claim(transaction, limit))


async def claimed_one(database: Database) -> Job:
    """The one job that is due."""
    (job,) = await claimed(database)
    return job


async def work_off(worker: Worker, database: Database) -> None:
    """Do every job that is due, in turn."""
    while found := await claimed(database):
        for job in found:
            await worker.do([job])


async def run_out(database: Database) -> None:
    """Every lease ends and every postponed job is due, by the database's clock."""
    statement = sa.update(jobs_table).values(due_at=seconds_from_now(-1))
    await database.write(lambda transaction: transaction.execute(statement))


async def jobs_left(database: Database) -> int:
    """How many jobs there are."""
    return await database.read(jobs.count)


async def capacity_taken(database: Database) -> int:
    """How many places of the calendar are taken."""
    return await _number(database, sa.select(sa.func.coalesce(sa.func.sum(capacity.c.taken), 0)))


async def capacity_reserved(database: Database) -> int:
    """How many keys the calendar has a place reserved for."""
    reserved = reservations.c.state == ReservationState.RESERVED.value
    return await _number(database, sa.select(sa.func.count()).select_from(reservations).where(reserved))


async def appointments_made(database: Database) -> int:
    """How many appointments exist."""
    return await _number(database, sa.select(sa.func.count()).select_from(appointments))


async def _number(database: Database, query: sa.Select[Any]) -> int:
    ((found,),) = await database.read(lambda transaction: transaction.fetch(query))
    return int(found)
