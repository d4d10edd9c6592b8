"""`appointments retry` and `requests retry`."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio.to_thread
import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.store.engine import Database
from tests.api_client import Api
from tests.cli.program import invoke, run, settings
from tests.worker.by_hand import claimed_one, work_off, worker_of
from tests.worker.test_cancelling_appointments import to_be_cancelled
from tests.worker.workforces import Cancelling, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
DOWN = "ConnectionError: [bold]down"


@pytest.fixture
def retry(database_url: str) -> Any:
    """`appointments retry ...` in this process; `program` starts the real one."""

    async def command(*arguments: object, program: bool = False, group: str = "appointments") -> Any:
        env = settings(database_url=database_url)
        call: Any = run if program else invoke
        return await anyio.to_thread.run_sync(lambda: call(group, "retry", *map(str, arguments), env=env))

    return command


async def fail(database: Database) -> Any:
    """A worker whose one due job has failed, and is not due again for an hour."""
    worker = worker_of(database, Cancelling(calendar(database), ConnectionError("[bold]down")), backoff_seconds=7200)
    await worker.do([await claimed_one(database)])
    return worker


async def test_a_failed_job_is_retried_and_said_with_its_error(serve: Serve, database: Database, retry: Any) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, number = await to_be_cancelled(api, database)
        worker = await fail(database)
        done = await retry(appointment_id, "--json", program=True)
        assert (done.returncode, done.stderr) == (0, "")
        told = {"kind": "cancel-appointment", "state": "retried", "tries": 1, "lastError": DOWN}
        (line,) = [json.loads(line) for line in done.stdout.splitlines()]
        assert line == {"id": line["id"], **told}
        await work_off(worker, database)
        assert (await api.alice.read_cancellation(number)).status_code == 200


async def test_a_request_says_its_jobs_in_a_table(serve: Serve, database: Database, retry: Any) -> None:
    async with serve(with_worker=False) as api:
        appointment_id, _ = await to_be_cancelled(api, database)
        request_id = (await api.alice.read_appointment(appointment_id)).json()["appointmentRequestId"]
        await fail(database)
        for state in ("retried", "due"):
            done = await retry(request_id, group="requests")
            assert done.exit_code == 0
            for word in ("cancel-appointment", state, DOWN):
                assert word in done.output
        await claimed_one(database)
        assert "running" in (await retry(request_id, group="requests")).output


async def test_without_a_job_the_command_says_so(api: Api, retry: Any) -> None:
    request_id, booking = await api.booked(1)
    for group, number, subject in (
        ("appointments", booking.json()["id"], "appointment"),
        ("requests", request_id, "appointment-request"),
    ):
        done = await retry(number, group=group)
        assert (done.exit_code, done.output) == (0, f"{subject} {number} has no job\n")
        assert (await retry(number, "--json", group=group)).output == ""


@pytest.mark.parametrize(("group", "subject"), [("appointments", "appointment"), ("requests", "appointment-request")])
async def test_an_unknown_id_is_said_to_be_unknown(retry: Any, group: str, subject: str) -> None:
    failed = (await retry(7, group=group)).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed) == f"there is no {subject} 7"
