"""News of the workforce system moves appointments along their table, and no other way (D45)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import pytest

from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.cutoffs import cancellable_until
from connect_appointments.core.model import Actor, Owner
from connect_appointments.usecases.appointment_cancellations import AppointmentCancellations
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import NewsKind
from tests.api_client import number_of
from tests.build import ALICE, BRISBANE
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import rows
from tests.worker.by_hand import capacity_taken, claimed_one, jobs_left, worker_of
from tests.worker.network import K, Network, moment, moved
from tests.worker.workforces import Cancelling, calendar


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


async def test_d45_the_echo_of_a_cancellation_is_a_cancellation_by_its_requester(network: Network) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    found = await network.reported(appointment, K.CANCELLED, K.CANCELLED, reason="promise returned")
    assert (found.state, found.cancelled_by, found.reason) == ("cancelled", "owner", None)
    answer = await network.api.alice.read_cancellation(number)
    shown = (await network.api.alice.read_booking(1)).json()
    assert (shown["status"], shown["cancelledBy"], shown["reason"]) == ("cancelled", "owner", None)
    assert (answer.status_code, answer.json()["cancelledOn"]) == (200, shown["cancelledOn"])
    assert await timeline(network.database, appointment.id) == ["cancellation-requested", "cancelled", "news-ignored"]
    query = "SELECT detail FROM events WHERE kind = 'cancelled' AND appointment_id = :id"
    ((detail,),) = await rows(network.database, query, id=appointment.id)
    told = json.loads(detail)
    assert (told["cancelledBy"], told.get("reason"), told["reportedReason"]) == ("owner", None, "promise returned")
    await network.work_off()
    assert await appointment_row(network.database, appointment.id) == found
    assert await occupancy(network.database, 1) == 0


async def test_d45_the_echo_of_a_cancellation_by_the_network_has_the_reason_of_that_cancellation(
    network: Network,
) -> None:
    first, second = await network.appointed(1), await network.appointed(2)
    use_cases = AppointmentCancellations(network.database)
    actor = Actor(Owner(ALICE), "operator:test", "x_request_id")
    await use_cases.cancel_appointment(actor, first.id, cancelled_by=CancelledBy.NETWORK, reason="flood")
    network.workforce.report(second.workforce_id, K.CANCELLED, "strike", None)
    echo = await network.reported(first, K.CANCELLED, reason="promise returned")
    other = await appointment_row(network.database, second.id)
    assert (echo.cancelled_by, echo.reason) == ("network", "flood")
    assert (other.cancelled_by, other.reason) == ("network", "strike"), "in the same batch"
    assert (await timeline(network.database, first.id))[-1] == "cancelled"
    assert (await timeline(network.database, second.id))[-1] == "cancelled-by-network"


async def test_d45_after_the_work_has_begun_a_cancellation_is_the_networks_own(network: Network) -> None:
    appointment = await network.appointed()
    number_of(await network.api.alice.cancel_appointment(appointment.id))
    found = await network.reported(appointment, K.STARTED, K.CANCELLED, reason="nobody home")
    assert (found.cancelled_by, found.reason) == ("network", "nobody home")


async def test_d46a_a_pending_cancellation_outlives_a_moved_window(network: Network) -> None:
    appointment = await network.appointed()
    number = number_of(await network.api.alice.cancel_appointment(appointment.id))
    found = await network.reported(appointment, K.MOVED, slot=moved(appointment.slot, days=7))
    assert found.state == "cancelling"
    await network.work_off()
    assert (await network.api.alice.read_cancellation(number)).status_code == 200
