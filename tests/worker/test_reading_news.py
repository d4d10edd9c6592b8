"""Reading the news of the workforce system: cursors, leases, and appointments that are read again (D45)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
import structlog

from connect_appointments.jobs import appointment_news
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.worker import Worker
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import recurring_jobs
from connect_appointments.telemetry.outage import Outage
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import CancelCommand
from tests.api_client import Api, number_of
from tests.build import Clock
from tests.store.appointments import appointment_row, timeline
from tests.store.given import execute, rows
from tests.worker.by_hand import run_out
from tests.worker.network import K, Network, make_due, moved

Serve = Callable[..., AbstractAsyncContextManager[Api]]


async def test_d45_news_of_many_appointments_is_applied_in_one_run(network: Network) -> None:
    found = [await network.appointed(number) for number in (1, 2, 3)]
    for kind in (K.STARTED, K.COMPLETED):
        for one in found:
            network.workforce.report(one.workforce_id, kind)
    await network.read()
    states = [(await appointment_row(network.database, one.id)).state for one in found]
    assert (states, network.workforce.cursors) == (["completed"] * 3, [None, "6"])


async def test_d45_news_of_an_appointment_that_nobody_has_is_logged_and_the_rest_counts(network: Network) -> None:
    appointment = await network.appointed()
    network.workforce.report("APT-unknown", K.COMPLETED)
    with structlog.testing.capture_logs() as logs:
        found = await network.reported(appointment, K.COMPLETED)
    assert found.state == "completed"
    assert [line["workforce_id"] for line in logs if line["event"] == "news-of-unknown-appointment"] == ["APT-unknown"]


async def test_d45_a_run_goes_on_where_the_last_one_ended(network: Network) -> None:
    appointment = await network.appointed()
    await network.reported(appointment, K.STARTED)
    await network.reported(appointment, K.COMPLETED)
    assert network.workforce.cursors == [None, "1", "1", "2"]
    assert await timeline(network.database, appointment.id) == ["in-progress", "completed"]


async def test_d45_a_run_that_lost_its_lease_changes_nothing_and_keeps_no_cursor(network: Network) -> None:
    appointment = await network.appointed()
    network.workforce.report(appointment.workforce_id, K.COMPLETED)

    async def claim() -> Any:
        return await network.database.write(
            lambda transaction: recurring_jobs.claim(transaction, "news", lease_seconds=600)
        )

    stale = await claim()
    await make_due(network.database)
    fresh = await claim()
    job = appointment_news.AppointmentNews(network.database, network.workforce, default_policy())
    with pytest.raises(appointment_news.LeaseLost):
        await job.run(stale)
    assert (await appointment_row(network.database, appointment.id)).state == "booked"
    assert (await job.run(fresh)).cursor == "after 1"
    assert await timeline(network.database, appointment.id) == ["completed"]


async def test_d45_a_failed_read_is_tried_again_from_the_same_cursor(network: Network) -> None:
    appointment = await network.appointed()
    network.workforce.report(appointment.workforce_id, K.MOVED)
    with structlog.testing.capture_logs() as logs:
        await network.read()
    assert [line["event"] for line in logs] == ["recurring-job-failed"]
    network.workforce.reports = [
        replace(network.workforce.reports[0], slot=moved(appointment.slot, days=7), kind=K.MOVED)
    ]
    await network.read()
    assert await timeline(network.database, appointment.id) == ["moved-by-network"]


async def test_d45_after_an_expired_cursor_every_open_appointment_is_read_again(network: Network) -> None:
    found = [await network.appointed(number) for number in range(1, 6)]
    await network.reported(found[0], K.STARTED)
    await network.reported(found[4], K.COMPLETED)
    ((installation,),) = await rows(network.database, "SELECT id FROM installation")
    await network.workforce.cancel([CancelCommand(f"{installation}-{one.booking_id}", "") for one in found[:3]])
    network.workforce.expired.add("2")
    network.workforce.cursors.clear()
    job = appointment_news.AppointmentNews(network.database, network.workforce, default_policy(), page=2)
    worker = Worker(network.database, [], Clock(), WorkerOptions(), Outage(), [job.job(3600)])
    await make_due(network.database)
    while await worker.recur("news"):
        pass
    states = [(await appointment_row(network.database, one.id)).state for one in found]
    assert states == ["cancelled", "cancelled", "cancelled", "booked", "completed"]
    assert network.workforce.cursors == ["2", None, "2"], "then it begins again"
    for one in found[1:3]:
        assert await timeline(network.database, one.id) == ["cancelled-by-network"]


async def test_d45_an_appointment_that_is_being_cancelled_is_left_to_its_job_when_all_are_read_again(
    network: Network,
) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    ((installation,),) = await rows(network.database, "SELECT id FROM installation")
    await network.workforce.cancel([CancelCommand(f"{installation}-{appointment.booking_id}", "")])
    await execute(
        network.database, "INSERT INTO recurring_jobs VALUES ('news', '2020-01-01T00:00:00.000Z', 'reading 0')"
    )
    await network.read()
    assert (await appointment_row(network.database, appointment.id)).state == "cancelling"
    await run_out(network.database)
    await network.work_off()
    assert (await appointment_row(network.database, appointment.id)).cancelled_by == "owner"
    assert (await network.api.alice.read_cancellation(number)).status_code == 200


async def test_the_calendar_has_no_news(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        assert not await api.parts.worker.recur("news")
    assert await rows(database, "SELECT name, cursor FROM recurring_jobs") == [("news", "after ")]
