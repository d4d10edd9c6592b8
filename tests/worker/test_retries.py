"""An operator retries the jobs of an appointment: what waits after a failure is done at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
import sqlalchemy as sa

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import Operator
from connect_appointments.jobs.registry import job_kinds
from connect_appointments.store.columns import seconds_from_now
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.usecases.operations.job_retries import retry_appointment, retry_request
from connect_appointments.wiring import default_policy
from tests.api_client import Api
from tests.build import Clock
from tests.store.appointments import appointment_row, timeline
from tests.worker.by_hand import WorkerOptions, claimed, claimed_one, jobs_left, work_off, worker_of
from tests.worker.rescheduling import to_be_moved
from tests.worker.test_cancelling_appointments import to_be_cancelled
from tests.worker.workforces import Cancelling, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
OPERATOR = Operator("test")


async def test_a_cancellation_that_failed_is_retried_at_once(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        workforce = Cancelling(calendar(database), ConnectionError("down"))
        worker = worker_of(database, workforce, backoff_seconds=3600)
        await worker.do([await claimed_one(database)])
        assert await claimed(database) == []
        ((job, state),) = await retry_appointment(database, OPERATOR, appointment_id)
        assert (job.kind, state, job.tries, job.last_error) == (
            "cancel-appointment",
            "retried",
            1,
            "ConnectionError: down",
        )
        await work_off(worker, database)
        assert (await api.alice.read_cancellation(number)).status_code == 200
        assert await retry_appointment(database, OPERATOR, appointment_id) == []
    assert await timeline(database, appointment_id) == ["cancellation-requested", "cancelled"]


async def test_a_retry_during_a_call_to_the_workforce_system_gives_the_job_to_no_second_worker(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        workforce = Cancelling(calendar(database), ConnectionError("down"))
        worker = worker_of(database, workforce, backoff_seconds=3600)
        await worker.do([await claimed_one(database)])
        await retry_appointment(database, OPERATOR, appointment_id)
        running = await claimed_one(database)
        assert [state for _, state in await retry_appointment(database, OPERATOR, appointment_id)] == ["running"]
        assert await claimed(database) == []
        await worker.do([running])
        assert (await api.alice.read_cancellation(number)).status_code == 200
    assert (len(workforce.asked), await jobs_left(database)) == (2, 0)


async def test_jobs_of_every_kind_are_found_by_their_appointment(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        other_id, _ = await to_be_cancelled(api, database, order_id=2)
    about, other = [await appointment_row(database, one) for one in (appointment_id, other_id)]
    kinds = [kind.name for kind in job_kinds(database, calendar(database), default_policy(), Clock(), WorkerOptions())]
    of_request = [NewJob(kind, row.request_id, "x_request_id") for kind in kinds for row in (about, other)]
    by_other_ids = [
        NewJob("cancel-reservation", None, "x_request_id", about.booking_id),
        NewJob("cancel-appointment", None, "x_request_id", cancellation_id=number),
    ]
    await database.write(lambda transaction: jobs.add(transaction, [*of_request, *by_other_ids]))
    waits = sa.update(jobs_table).values(due_at=seconds_from_now(3600), last_error="down", tries=1)
    await database.write(lambda transaction: transaction.execute(waits))
    found = await retry_request(database, OPERATOR, about.request_id)
    assert sorted(job.kind for job, _ in found) == sorted(kinds)
    found = await retry_appointment(database, OPERATOR, appointment_id)
    assert len(found) == len(kinds) + len(by_other_ids)
    assert [state for _, state in found].count("retried") == len(by_other_ids), "the others were made due before"
    others = await retry_appointment(database, OPERATOR, other_id)
    assert {state for _, state in others} == {"retried"}, "only now"
    assert len(others) == len(kinds) + 1


async def test_the_job_of_a_pending_reschedule_is_found_by_its_appointment(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        for found in (
            await retry_appointment(database, OPERATOR, moving.id),
            await retry_request(database, OPERATOR, moving.request_id),
        ):
            assert [(job.kind, state) for job, state in found] == [("reschedule-appointment", "due")]


async def test_an_unknown_appointment_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await retry_appointment(database, OPERATOR, 7)
