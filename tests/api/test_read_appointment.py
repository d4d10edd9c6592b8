"""GET /api/connect/orders/appointments/{id}."""

from __future__ import annotations

from typing import Any

import pytest

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.api_client import Api, number_of
from tests.build import BOB, days_from, sample_order, set_capacity
from tests.documents import documented
from tests.store.given import execute

pytestmark = pytest.mark.engines("sqlite", "postgresql")

VERSIONS = [str(number) for number in range(1, 8)]
CHANGES: dict[AppointmentState, str] = {
    AppointmentState.BOOKED: "",
    AppointmentState.CANCELLING: ", cancellation_id = 1",
    AppointmentState.RESCHEDULING: ", reschedule_id = 1",
    AppointmentState.IN_PROGRESS: "",
    AppointmentState.COMPLETED: ", ended_on = updated_on",
    AppointmentState.INCOMPLETE: ", ended_on = updated_on",
    AppointmentState.CANCELLED: ", ended_on = updated_on, cancelled_on = updated_on, cancelled_by = 'network', "
    "reason = 'a storm'",
}
"""What each state needs besides, in SQL."""


async def set_state(database: Database, state: AppointmentState) -> None:
    """Give every appointment a state."""
    await execute(database, f"UPDATE appointments SET state = :state{CHANGES[state]}", state=state.value)  # noqa: S608 - texts of ours


@pytest.mark.parametrize("version", VERSIONS, ids="D44 version {}".format)
async def test_d44_it_is_what_its_booking_attempt_answered(api: Api, version: str) -> None:
    request_id, booking = await api.booked(1)
    answer = await api.alice.read_appointment(booking.json()["id"], headers={"X-API-VERSION": version})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == booking.content
    found = answer.json()
    assert (found["status"], found["orderId"], found["appointmentRequestId"]) == ("booked", 1, request_id)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("booked", "booked"),
        ("cancelling", "booked"),
        ("rescheduling", "booked"),
        ("in-progress", "in-progress"),
        ("completed", "completed"),
        ("incomplete", "incomplete"),
        ("cancelled", "cancelled"),
    ],
    ids="D44 {}".format,
)
async def test_d44_a_change_under_way_is_read_as_booked_and_every_other_state_as_it_is(
    api: Api, database: Database, state: str, status: str
) -> None:
    _, booking = await api.booked(1)
    await set_state(database, AppointmentState(state))
    answer = await api.alice.read_appointment(booking.json()["id"])
    found = answer.json()
    assert (answer.status_code, found["status"]) == (200, status)
    assert (found["cancellableUntil"] is None) == (status != "booked")
    cancelled: tuple[Any, ...] = (found["cancelledBy"], found["reason"], found["cancelledOn"] is None)
    assert cancelled == (("network", "a storm", False) if status == "cancelled" else (None, None, True))


async def test_d43_the_booking_attempt_shows_the_appointment_as_it_now_is(api: Api, database: Database) -> None:
    request_id, booking = await api.booked(1)
    await set_state(database, AppointmentState.CANCELLED)
    attempt = await api.alice.read_booking(str(booking.request.url).rpartition("/")[2])
    assert attempt.content == (await api.alice.read_appointment(booking.json()["id"])).content
    assert attempt.json()["status"] == "cancelled"
    request = (await api.alice.read(request_id)).json()
    assert (request["status"], request["appointmentId"]) == ("booked", booking.json()["id"])


async def test_d40_another_owners_appointment_is_404(api: Api) -> None:
    _, booking = await api.booked(1)
    for number in (booking.json()["id"], 4_000_000_000):
        answer = await api.bob.read_appointment(number)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_d48_an_appointment_stays_with_the_owner_who_booked_it(api: Api, database: Database) -> None:
    _, booking = await api.booked(1)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(1, BOB, demand_type="Fault")]))
    number = booking.json()["id"]
    assert (await api.alice.read_appointment(number)).content == booking.content
    assert (await api.bob.read_appointment(number)).status_code == 404


async def test_d44_the_path_of_booking_attempts_is_no_id_of_an_appointment(api: Api) -> None:
    answer = await api.alice.read_appointment("request")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_d34_the_number_of_a_booking_attempt_is_not_the_id_of_its_appointment(
    api: Api, database: Database
) -> None:
    request_id, slots = await api.opened(1)
    days = days_from(api.alice._clock(), 120)
    await set_capacity(database, 0, days)
    refused = number_of(await api.alice.book(request_id, slots[0]["id"]))
    assert (await api.settled(lambda: api.alice.read_booking(refused))).status_code == 422
    await set_capacity(database, 9, days)
    number = number_of(await api.alice.book(request_id, slots[1]["id"]))
    booking = await api.settled(lambda: api.alice.read_booking(number))
    assert booking.json()["id"] != number
    assert (await api.alice.read_appointment(booking.json()["id"])).content == booking.content
    assert (await api.alice.read_appointment(number)).status_code == 404


@pytest.mark.parametrize("version", VERSIONS, ids="D44 version {}".format)
async def test_d44_the_documentation_lists_the_statuses(version: str) -> None:
    found = documented(version)["components"]["schemas"]["AppointmentMessage"]["properties"]["status"]
    assert found["enum"] == ["booked", "in-progress", "completed", "incomplete", "cancelled"]
