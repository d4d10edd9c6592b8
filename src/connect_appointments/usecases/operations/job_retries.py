"""Retries of jobs: the operator makes the jobs due that wait after a failure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import Scope
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import appointments, requests
from connect_appointments.store.queries.changes import job_retries
from connect_appointments.store.queries.changes.job_retries import FoundJob
from connect_appointments.store.transaction import Transaction


class JobState(StrEnum):
    """The state of a job after a retry."""

    RETRIED = "retried"
    """It waited after a failure, and is due now."""
    DUE = "due"
    """It was due already."""
    SCHEDULED = "scheduled"
    """It has not been tried yet, and its time has not come."""
    RUNNING = "running"
    """A worker runs it, or the workforce system has asked for time; it was left alone."""


class RetriedJob(NamedTuple):
    """A job, and its state after the retry."""

    job: FoundJob
    state: JobState


async def retry_request(database: Database, scope: Scope, request_id: int) -> Sequence[RetriedJob]:
    """Make the jobs of an appointment-request due that wait after a failure; return all its jobs. Raises `NotFound`."""

    async def work(transaction: Transaction) -> Sequence[RetriedJob]:
        if await requests.get(transaction, scope, request_id) is None:
            raise NotFound
        return await _retry(transaction, job_retries.of_request(request_id))

    return await database.write(work)


async def retry_appointment(database: Database, scope: Scope, appointment_id: int) -> Sequence[RetriedJob]:
    """Make the jobs of an appointment due that wait after a failure; return all its jobs. Raises `NotFound`.

    Its jobs include those of its changes, and of the appointment-requests that became it.
    """

    async def work(transaction: Transaction) -> Sequence[RetriedJob]:
        if await appointments.get(transaction, scope, appointment_id) is None:
            raise NotFound
        return await _retry(transaction, job_retries.of_appointment(scope, appointment_id))

    return await database.write(work)


async def _retry(transaction: Transaction, are_theirs: sa.ColumnElement[bool]) -> Sequence[RetriedJob]:
    retried = await job_retries.make_due(transaction, are_theirs)
    found = await job_retries.read(transaction, are_theirs)
    return [RetriedJob(job, _state(job, retried)) for job in found]


def _state(job: FoundJob, retried: set[int]) -> JobState:
    if job.id in retried:
        return JobState.RETRIED
    if job.is_due:
        return JobState.DUE
    return JobState.SCHEDULED if job.tries == 0 else JobState.RUNNING
