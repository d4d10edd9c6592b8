"""News of the workforce system moves appointments along their table, and no other way (D45)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from connect_appointments.core.cutoffs import cancellable_until
from connect_appointments.core.model import Slot
from connect_appointments.jobs import appointment_news
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.worker import Worker
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import recurring_jobs, verify
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.telemetry.outage import Outage
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import CancelCommand, NewsKind
from tests.api_client import Api, number_of
from tests.build import BRISBANE, Clock
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import execute, rows
from tests.worker.by_hand import capacity_taken, claimed_one, jobs_left, run_out, work_off, worker_of
from tests.worker.workforces import Cancelling, Reporting, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]
K = NewsKind


class Network:
    """The service over a workforce system that reports, with an appointment of each order that is asked for."""

    def __init__(self, api: Api, database: Database, workforce: Reporting) -> None:
        self.api = api
        self.database = database
        self.workforce = workforce

    async def appointed(self, order_id: int = 1) -> Any:
        """The row of a booked appointment."""
        request_id = await self.api.created(order_id)
        await self.work_off()
        slots = (await self.api.alice.read(request_id)).json()["slots"]
        number_of(await self.api.alice.book(request_id, slots[-1]["id"]))
        await self.work_off()
        ((number,),) = await rows(self.database, "SELECT max(id) FROM appointments")
        return await appointment_row(self.database, number)

    async def work_off(self) -> None:
        await work_off(self.api.parts.worker, self.database)

    async def reported(self, about: Any, *kinds: NewsKind, reason: str | None = None, slot: Slot | None = None) -> Any:
        """Report about an appointment, and read the news; the row of the appointment after it."""
        for kind in kinds:
            self.workforce.report(about.workforce_id, kind, reason, slot)
        await self.read()
        return await appointment_row(self.database, about.id)

    async def read(self) -> None:
        """Read the news until there is no more."""
        await make_due(self.database)
        while await self.api.parts.worker.recur("news"):
            pass


async def make_due(database: Database) -> None:
    await execute(database, "UPDATE recurring_jobs SET due_at = '2020-01-01T00:00:00.000Z'")


def moved(slot: str, *, days: int) -> Slot:
    """A slot so many days after another one, as it is stored."""
    found = decode_slot(slot)
    return Slot(
        f"{found.id}-later",
        found.slot_type,
        *(moment(at) + timedelta(days=days) for at in (found.start, found.end)),
        found.timezone_offset,
    )


def moment(value: Any) -> datetime:
    """A moment as it is stored on either engine."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@pytest.fixture
async def network(serve: Serve, database: Database) -> AsyncIterator[Network]:
    workforce = Reporting(calendar(database))
    async with serve(with_worker=False, workforce=workforce) as api:
        yield Network(api, database, workforce)
        broken = {finding.rule for finding in await database.read(verify.findings)}
    # A test that makes the network cancel leaves the calendar as it is, which such a network does not have.
    assert broken <= {"cancelled-appointment-has-no-capacity"}


@pytest.mark.parametrize(
    ("kinds", "state", "events"),
    [
        ([K.STARTED], "in-progress", ["in-progress"]),
        ([K.COMPLETED], "completed", ["completed"]),
        ([K.INCOMPLETE], "incomplete", ["incomplete"]),
        ([K.CANCELLED], "cancelled", ["cancelled-by-network"]),
        ([K.STARTED, K.COMPLETED], "completed", ["in-progress", "completed"]),
        ([K.STARTED, K.CANCELLED], "cancelled", ["in-progress", "cancelled-by-network"]),
        ([K.STARTED, K.STARTED], "in-progress", ["in-progress", "news-ignored"]),
        ([K.COMPLETED, K.STARTED], "completed", ["completed", "news-ignored"]),
        ([K.CANCELLED, K.CANCELLED], "cancelled", ["cancelled-by-network", "news-ignored"]),
        ([K.INCOMPLETE, K.COMPLETED, K.CANCELLED], "incomplete", ["incomplete", "news-ignored", "news-ignored"]),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_d45_news_moves_an_appointment_along_its_table_and_other_news_is_recorded(
    network: Network, kinds: Sequence[NewsKind], state: str, events: Sequence[str], *, at_once: bool
) -> None:
    appointment = await network.appointed()
    for part in [kinds] if at_once else [[kind] for kind in kinds]:
        found = await network.reported(appointment, *part, reason="weather")
    assert (found.state, await timeline(network.database, appointment.id)) == (state, events)
    assert (found.ended_on is None) == (state == "in-progress")
    assert await occupancy(network.database, 1) == (state == "in-progress")


async def test_d45_what_the_network_cancels_has_its_name_and_its_reason(network: Network) -> None:
    appointment = await network.appointed()
    await network.reported(appointment, K.CANCELLED, reason="flood")
    shown = (await network.api.alice.read_booking(1)).json()
    assert (shown["status"], shown["cancelledBy"], shown["reason"]) == ("cancelled", "network", "flood")
    assert shown["cancelledOn"] is not None
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    answer = await network.api.alice.read_cancellation(number)
    assert (answer.status_code, answer.json()["cancelledOn"]) == (200, shown["cancelledOn"])
    assert await timeline(network.database, appointment.id) == ["cancelled-by-network"]


async def test_d45_the_order_of_an_ended_appointment_can_be_booked_again(network: Network) -> None:
    appointment = await network.appointed()
    await network.reported(appointment, K.COMPLETED)
    assert (await network.appointed()).id != appointment.id


async def test_d45_the_network_moves_a_window_and_its_point_of_no_return(network: Network) -> None:
    appointment = await network.appointed()
    new = moved(appointment.slot, days=7)
    found = await network.reported(appointment, K.MOVED, slot=new)
    assert (found.state, moment(found.ends_on)) == ("booked", new.end)
    assert moment(found.cancellable_until) == cancellable_until(new, BRISBANE, default_policy())
    shown = (await network.api.alice.read_booking(1)).json()
    assert datetime.fromisoformat(shown["startTime"]) == new.start
    assert (shown["status"], shown["nbnAppointmentId"]) == ("booked", appointment.workforce_id)
    assert await timeline(network.database, appointment.id) == ["moved-by-network"]
    again = await network.reported(appointment, K.MOVED, slot=new)
    assert again.updated_on == found.updated_on
    assert await timeline(network.database, appointment.id) == ["moved-by-network", "news-ignored"]


@pytest.mark.parametrize("kind", [K.STARTED, K.COMPLETED, K.CANCELLED])
async def test_d45_a_window_is_not_moved_once_the_work_has_begun_or_ended(network: Network, kind: NewsKind) -> None:
    appointment = await network.appointed()
    before = await network.reported(appointment, kind)
    after = await network.reported(appointment, K.MOVED, slot=moved(appointment.slot, days=7))
    assert after == before
    assert (await timeline(network.database, appointment.id))[-1] == "news-ignored"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (K.STARTED, 422, "appointment-in-progress"),
        (K.COMPLETED, 422, "appointment-ended"),
        (K.INCOMPLETE, 422, "appointment-ended"),
        (K.CANCELLED, 200, None),
    ],
)
async def test_d46a_news_ends_a_pending_cancellation_and_its_job_asks_nobody(
    network: Network, kind: NewsKind, status: int, code: str | None
) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    await network.reported(appointment, kind)
    answer = await network.api.alice.read_cancellation(number)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    asked = Cancelling(network.workforce)
    await worker_of(network.database, asked).do([await claimed_one(network.database)])
    assert (asked.asked, await jobs_left(network.database), await capacity_taken(network.database)) == ([], 0, 1)
    again = await network.api.alice.read_cancellation(number)
    assert (again.status_code, again.json().get("code")) == (status, code)


@pytest.mark.parametrize("kind", [K.STARTED, K.CANCELLED])
async def test_d46a_the_answer_to_a_cancel_that_comes_after_the_news_changes_nothing(
    network: Network, kind: NewsKind
) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    job = await claimed_one(network.database)
    found = await network.reported(appointment, kind)
    before = (await network.api.alice.read_cancellation(number)).status_code
    await worker_of(network.database, calendar(network.database)).do([job])
    assert await appointment_row(network.database, appointment.id) == found
    assert (await network.api.alice.read_cancellation(number)).status_code == before
    assert (await jobs_left(network.database), await occupancy(network.database, 1)) == (0, kind is K.STARTED)


async def test_d46a_a_pending_cancellation_outlives_a_moved_window(network: Network) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    found = await network.reported(appointment, K.MOVED, slot=moved(appointment.slot, days=7))
    assert found.state == "cancelling"
    await network.work_off()
    assert (await network.api.alice.read_cancellation(number)).status_code == 200


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
