"""GET /api/connect/orders/appointments/request/{n}."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from connect_appointments.workforce.regions import working_days
from tests.api.moments import served_at
from tests.api_client import Api, number_of
from tests.build import Clock, Issuer, days_from, sample_order, set_capacity
from tests.documents import documented
from tests.store.given import rows
from tests.worker.workforces import Gated, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
KEYS = [
    "orderId",
    "id",
    "nbnAppointmentId",
    "status",
    "startTime",
    "endTime",
    "slotType",
    "timezoneOffset",
    "priorityAssist",
    "eSla",
    "demandType",
    "contact",
    "customerRef",
    "cancelledOn",
    "serviceId",
    "appointmentRequestId",
    "cancellableUntil",
    "cancelledBy",
    "reason",
]
CONTACT_KEYS = ["name", "type", "phone", "notes"]
MONDAY_NOON = "2054-11-23T02:00:00+00:00"


async def refused(api: Api, request_id: int, slot_id: str) -> int:
    """The number of an attempt that is refused."""
    booking_id = number_of(await api.alice.book(request_id, slot_id))
    assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 422
    return booking_id


async def test_d31_the_appointment_has_the_webhooks_keys_in_its_order(database: Database, issuer: Issuer) -> None:
    async with served_at(database, issuer, MONDAY_NOON) as (api, _):
        _, booking = await api.booked(1)
    found = booking.json()
    assert list(found) == KEYS
    assert list(found["contact"]) == CONTACT_KEYS
    assert booking.headers["content-type"] == "application/json"
    assert found == {
        "orderId": 1,
        "id": 1,
        "nbnAppointmentId": "APT000000000001",
        "status": "booked",
        "startTime": "2054-11-23T22:00:00Z",
        "endTime": "2054-11-24T02:00:00Z",
        "slotType": "AM",
        "timezoneOffset": "+10:00",
        "priorityAssist": False,
        "eSla": "Standard",
        "demandType": "Standard Install",
        "contact": {"name": "Alice", "type": "Primary Contact", "phone": "0739076000", "notes": None},
        "customerRef": "CUST-REF-007",
        "cancelledOn": None,
        "serviceId": 300,
        "appointmentRequestId": 1,
        "cancellableUntil": "2054-11-23T07:00:00Z",
        "cancelledBy": None,
        "reason": None,
    }


@pytest.mark.parametrize("version", ["1", "7"])
def test_d31_the_documentation_has_the_same_keys_in_the_same_order(version: str) -> None:
    schemas = documented(version)["components"]["schemas"]
    assert list(schemas["AppointmentMessage"]["properties"]) == schemas["AppointmentMessage"]["required"] == KEYS
    assert list(schemas["ContactMessage"]["properties"]) == schemas["ContactMessage"]["required"] == CONTACT_KEYS


async def test_d31_what_is_unknown_of_an_order_is_null_and_still_there(api: Api, database: Database) -> None:
    order = sample_order(1, priority_assist=True, customer_ref=None, service_id=None)
    order = replace(order, contact_name=None, contact_type=None, contact_phone=None, contact_notes=None)
    await database.write(lambda transaction: orders.upsert(transaction, [order]))
    _, booking = await api.booked(1)
    found = booking.json()
    assert list(found) == KEYS
    assert found["contact"] == dict.fromkeys(CONTACT_KEYS)
    assert (found["customerRef"], found["serviceId"], found["priorityAssist"]) == (None, None, True)


@pytest.mark.parametrize(
    ("moment", "site", "expected"),
    [
        pytest.param(
            "2054-10-02T01:00:00+00:00",
            Site("Australia/Sydney", "NSW", "4000"),
            ("2054-10-05T21:00:00Z", "2054-10-06T01:00:00Z", "+11:00"),
            id="d31-the-first-morning-of-summer-time",
        ),
        pytest.param(
            "2054-10-02T01:00:00+00:00",
            Site("Australia/Perth", "WA", "4000"),
            ("2054-10-05T00:00:00Z", "2054-10-05T04:00:00Z", "+08:00"),
            id="d31-without-summer-time",
        ),
    ],
)
async def test_the_booked_times_are_those_of_the_slot(
    database: Database, issuer: Issuer, moment: str, site: Site, expected: tuple[str, str, str]
) -> None:
    async with served_at(database, issuer, moment, site) as (api, _):
        _, booking = await api.booked(1)
    found = booking.json()
    assert (found["startTime"], found["endTime"], found["timezoneOffset"]) == expected


async def test_d18_one_that_is_being_booked_is_202_without_a_body_and_with_retry_after(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        answer = await api.alice.read_booking(booking_id)
        workforce.reserving.open()
    assert (answer.status_code, answer.content) == (202, b"")
    assert re.fullmatch(r"[1-9]\d*", answer.headers["retry-after"])
    assert "content-type" not in answer.headers


async def test_d34_a_refused_attempt_answers_its_422_for_ever(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    days = days_from(api.alice._clock(), 120)
    await set_capacity(database, 0, days)
    first = await refused(api, request_id, slots[0]["id"])
    await set_capacity(database, 9, days)

    async def answers() -> list[tuple[int, str]]:
        answer = await api.alice.read_booking(first)
        return [(answer.status_code, answer.json()["code"])]

    seen = await answers()
    second = number_of(await api.alice.book(request_id, slots[1]["id"]))
    seen += await answers()
    await api.settled(lambda: api.alice.read_booking(second))
    seen += await answers()
    assert seen == [(422, "slot-unavailable")] * 3
    assert second != first


async def test_d34_a_refused_attempt_answers_its_422_also_when_the_request_is_cancelled(
    api: Api, database: Database
) -> None:
    request_id, slots = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    booking_id = await refused(api, request_id, slots[0]["id"])
    await api.alice.cancel(request_id)
    assert (await api.alice.read_booking(booking_id)).json()["code"] == "slot-unavailable"


async def test_d34_the_id_is_the_appointments_and_not_the_attempts(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    days = days_from(api.alice._clock(), 120)
    await set_capacity(database, 0, days)
    await refused(api, request_id, slots[0]["id"])
    await set_capacity(database, 9, days)
    booking_id = number_of(await api.alice.book(request_id, slots[1]["id"]))
    booking = await api.settled(lambda: api.alice.read_booking(booking_id))
    ((appointment_id,),) = await rows(database, "SELECT id FROM appointments")
    assert booking.json()["id"] == appointment_id != booking_id


async def test_d34_n_is_not_the_number_of_the_request(api: Api) -> None:
    for _ in range(3):
        await api.opened(1)
    request_id, slots = await api.opened(2)
    booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
    assert booking_id != request_id
    assert (await api.alice.read_booking(request_id)).status_code == 404


async def test_d20_the_numbers_are_json_numbers_and_grow(api: Api) -> None:
    bookings = [(await api.booked(order_id))[1] for order_id in (1, 2, 3)]
    numbers = [int(str(booking.request.url).rpartition("/")[2]) for booking in bookings]
    ids = [booking.json()["id"] for booking in bookings]
    for found in (numbers, ids):
        assert found == sorted(set(found))
        assert all(type(one) is int and 0 < one <= 2**53 - 1 for one in found)
    assert all(re.search(rb'"id":[1-9]\d*,', booking.content) for booking in bookings)


@pytest.mark.parametrize(
    ("moved", "granted"),
    [
        pytest.param({"hours": 11, "minutes": 59}, True, id="d29-before-the-lead-time"),
        pytest.param({"hours": 12}, False, id="d29-inside-the-lead-time"),
        pytest.param({"hours": 20}, False, id="d29-as-it-starts"),
        pytest.param({"hours": 22}, False, id="d29-started"),
        pytest.param({"days": 9}, False, id="d29-over"),
    ],
)
async def test_a_slot_that_time_has_overtaken_is_422_and_the_request_open_again(
    database: Database, issuer: Issuer, moved: dict[str, float], *, granted: bool
) -> None:
    async with served_at(database, issuer, MONDAY_NOON) as (api, clock):
        request_id, slots = await api.opened(1)
        clock.move(**moved)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        booking = await api.settled(lambda: api.alice.read_booking(booking_id))
        request = (await api.alice.read(request_id)).json()
    if granted:
        assert (booking.status_code, request["status"]) == (200, "booked")
        return
    assert (booking.status_code, booking.json()["code"]) == (422, "slot-unavailable")
    assert (request["status"], request["slots"]) == ("open", slots[1:])


async def test_d29_without_a_lead_time_a_slot_is_had_until_it_starts(database: Database, issuer: Issuer) -> None:
    policy = BookingPolicy(working_days("AU"), lead_days=0)
    async with served_at(database, issuer, "2054-11-23T21:00:00+00:00", policy=policy) as (api, clock):
        (one, slots), (other, others_slots) = await api.opened(1), await api.opened(2)
        clock.move(minutes=59)
        statuses = [await outcome(api, one, slots[0]["id"])]
        clock.move(minutes=1)
        statuses.append(await outcome(api, other, others_slots[0]["id"]))
    assert slots[0]["startTime"] == "2054-11-23T22:00:00Z"
    assert statuses == [200, 422]


async def outcome(api: Api, request_id: int, slot_id: str) -> int:
    booking_id = number_of(await api.alice.book(request_id, slot_id))
    return int((await api.settled(lambda: api.alice.read_booking(booking_id))).status_code)


async def test_d29_two_requests_for_the_last_place_have_one_winner(api: Api, database: Database) -> None:
    found: list[tuple[int, Any]] = [await api.opened(order_id) for order_id in (1, 2, 3)]
    await set_capacity(database, 1, days_from(api.alice._clock(), 120))
    numbers = [number_of(await api.alice.book(request_id, slots[0]["id"])) for request_id, slots in found]
    outcomes = [await api.settled(partial(api.alice.read_booking, number)) for number in numbers]
    assert sorted(answer.status_code for answer in outcomes) == [200, 422, 422]
    assert {answer.json()["code"] for answer in outcomes if answer.status_code == 422} == {"slot-unavailable"}


async def test_the_appointment_of_another_owner_is_404(api: Api) -> None:
    _, booking = await api.booked(1)
    number = int(str(booking.request.url).rpartition("/")[2])
    answer = await api.bob.read_booking(number)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_d28_what_is_booked_is_no_longer_offered_when_it_was_the_last_place(
    api: Api, database: Database, clock: Clock
) -> None:
    await set_capacity(database, 1, days_from(clock(), 120))
    _, booking = await api.booked(1)
    _, slots = await api.opened(2, date_from=str(clock().date() + timedelta(days=1)))
    assert booking.json()["startTime"] not in {slot["startTime"] for slot in slots}
