"""POST /api/connect/orders/appointment-reschedules/request, and the outcome at its Location."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import httpx2
import pytest

from connect_appointments.core.appointments import CANCELLED_BY_NETWORK, COMPLETED, INCOMPLETE, WORK_BEGAN
from connect_appointments.core.transitions import Transition
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.workforce.port import CancelCommand
from tests.api_client import RESCHEDULE, Api, number_of
from tests.build import PUBLIC_URL, days_from, set_capacity
from tests.store.given import execute, rows
from tests.worker.by_hand import capacity_reserved, capacity_taken
from tests.worker.news import news
from tests.worker.rescheduling import kinds_of_appointment, kinds_of_request
from tests.worker.workforces import calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
OPENED = ["created", "slots-found"]


class Booked(NamedTuple):
    """An appointment of order 1 at the first slot, and an open appointment-request of the same order."""

    appointment: dict[str, Any]
    booking: str
    request_id: int
    slots: list[Any]

    @property
    def id(self) -> int:
        """The appointment's."""
        return int(self.appointment["id"])


@pytest.fixture(autouse=True)
async def every_rule_holds(database: Database) -> AsyncIterator[None]:
    yield
    assert await database.read(verify.findings) == []


async def booked(api: Api, order_id: int = 1) -> Booked:
    """Book, and create another appointment-request for the same order."""
    request_id, slots = await api.opened(order_id)
    answer = await api.alice.book(request_id, slots[0]["id"])
    appointment = (await api.settled(lambda: api.alice.read_booking(number_of(answer)))).json()
    again, offered = await api.opened(order_id)
    return Booked(appointment, answer.headers["location"], again, offered)


async def outcome(api: Api, answer: httpx2.Response) -> httpx2.Response:
    """What is at the Location of a 201, once it is no longer 202."""
    return await api.settled(lambda: api.alice.read_reschedule(number_of(answer)))


def refused(answer: httpx2.Response, code: str) -> bool:
    """Whether an answer is 422 with this code."""
    return (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_d46_a_reschedule_is_201_with_a_location_and_then_the_appointment(api: Api, version: str) -> None:
    found = await booked(api)
    headers = {"X-API-VERSION": version}
    answer = await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"], headers=headers)
    assert (answer.status_code, answer.content) == (201, b"")
    assert re.fullmatch(re.escape(PUBLIC_URL + RESCHEDULE) + r"/[1-9]\d*", answer.headers["location"])
    moved = (await outcome(api, answer)).json()
    same = found.appointment | {name: found.slots[2][name] for name in ("slotType", "startTime", "endTime")}
    assert moved == same | {
        "appointmentRequestId": found.request_id,
        "cancellableUntil": moved["cancellableUntil"],
        "timezoneOffset": found.slots[2]["timezoneOffset"],
    }
    assert moved["cancellableUntil"] > found.appointment["cancellableUntil"]


async def test_d46_both_requests_are_booked_with_the_same_appointment_and_one_place_is_taken(
    api: Api, database: Database
) -> None:
    found = await booked(api)
    answer = await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"])
    moved = (await outcome(api, answer)).json()
    for request_id in (found.appointment["appointmentRequestId"], found.request_id):
        request = (await api.alice.read(request_id)).json()
        assert (request["status"], request["appointmentId"]) == ("booked", found.id)
    assert (await api.alice.request("GET", found.booking)).json() == moved
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)
    assert await kinds_of_request(database, found.request_id) == [*OPENED, "booking-started", "booked"]
    assert await kinds_of_appointment(database, found.id) == ["reschedule-requested", "rescheduled"]
    assert await rows(database, "SELECT occupancy FROM orders WHERE id = 1") == [(1,)]


async def test_d46_the_own_place_is_offered_and_moving_to_it_changes_nothing_but_the_request(
    serve: Serve, database: Database
) -> None:
    async with serve() as api:
        await set_capacity(database, 1, days_from(api.alice._clock(), 120))
        found = await booked(api)
        own = found.slots[0]
        assert own["startTime"] == found.appointment["startTime"]
        _, others = await api.opened(2)
        assert own not in others
        moved = await outcome(api, await api.alice.reschedule(found.id, found.request_id, own["id"]))
    assert moved.json() == found.appointment | {"appointmentRequestId": found.request_id}
    assert await capacity_taken(database) == 1


async def test_d46_a_place_taken_by_another_is_422_the_slot_is_withdrawn_and_the_request_open_again(
    serve: Serve, database: Database
) -> None:
    async with serve() as api:
        await set_capacity(database, 1, days_from(api.alice._clock(), 120))
        found = await booked(api)
        other, _ = await api.opened(2)
        wanted = found.slots[2]
        booking = number_of(await api.alice.book(other, wanted["id"]))
        assert (await api.settled(lambda: api.alice.read_booking(booking))).status_code == 200
        answer = await api.alice.reschedule(found.id, found.request_id, wanted["id"])
        for _ in range(2):
            assert refused(await outcome(api, answer), "slot-unavailable")
        request = (await api.alice.read(found.request_id)).json()
        assert (request["status"], request["appointmentId"]) == ("open", None)
        assert request["slots"] == [slot for slot in found.slots if slot != wanted]
        assert (await api.alice.request("GET", found.booking)).json() == found.appointment
        again = await api.alice.reschedule(found.id, found.request_id, found.slots[3]["id"])
        assert number_of(again) != number_of(answer)
        assert (await outcome(api, again)).status_code == 200
        assert refused(await outcome(api, answer), "slot-unavailable")
    assert await capacity_taken(database) == 2


@pytest.mark.parametrize("impossible", [0, -1, 987_654, 2**53, 2**63])
async def test_d40_an_unknown_or_impossible_id_is_the_same_404(api: Api, impossible: int) -> None:
    found = await booked(api)
    answers = [
        await api.alice.reschedule(impossible, found.request_id, found.slots[0]["id"]),
        await api.alice.reschedule(found.id, impossible, found.slots[0]["id"]),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not-found")] * 2


async def test_d40_another_owners_appointment_request_or_reschedule_is_404(api: Api) -> None:
    found = await booked(api)
    bobs, slots = await api.opened(11, api.bob)
    number = number_of(await api.alice.reschedule(found.id, found.request_id, found.slots[0]["id"]))
    answers = [
        await api.bob.reschedule(found.id, bobs, slots[0]["id"]),
        await api.alice.reschedule(found.id, bobs, slots[0]["id"]),
        await api.bob.read_reschedule(number),
        await api.alice.read_reschedule(number + 1),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not-found")] * 4


async def test_d9_bad_fields_are_all_named(api: Api) -> None:
    answer = await api.alice.reschedule("583", None, 7)
    assert refused(answer, "invalid-fields")
    pointers = [field["pointer"] for field in answer.json()["errors"]]
    assert sorted(pointers) == ["#/appointmentId", "#/appointmentRequestId", "#/slotId"]


async def test_d46_a_request_of_another_order_is_422(api: Api) -> None:
    found = await booked(api)
    other, slots = await api.opened(2)
    for slot_id in (slots[0]["id"], "never-offered"):
        assert refused(await api.alice.reschedule(found.id, other, slot_id), "appointment-request-other-order")


async def test_d5_a_cancelled_request_is_422_at_once(api: Api) -> None:
    found = await booked(api)
    await api.alice.cancel(found.request_id)
    answer = await api.alice.reschedule(found.id, found.request_id, found.slots[0]["id"])
    assert refused(answer, "appointment-request-cancelled")


async def test_d30_a_slot_that_was_never_offered_is_422_at_once(api: Api) -> None:
    found = await booked(api)
    assert refused(await api.alice.reschedule(found.id, found.request_id, "never-offered"), "slot-not-offered")


async def test_d32_a_request_that_is_searching_is_422_at_once(serve: Serve, database: Database) -> None:
    async with serve() as api:
        found = await booked(api)
    async with serve(with_worker=False) as api:
        searching = await api.created(1)
        answer = await api.alice.reschedule(found.id, searching, found.slots[0]["id"])
    assert refused(answer, "appointment-request-not-open")


async def test_d47_an_expired_offer_is_422_at_once(api: Api, database: Database) -> None:
    found = await booked(api)
    past = "UPDATE appointment_requests SET offer_expires_on = '2026-01-01T00:00:00.000Z' WHERE state = 'open'"
    await execute(database, past)
    answer = await api.alice.reschedule(found.id, found.request_id, found.slots[0]["id"])
    assert refused(answer, "offer-expired")


async def test_the_own_request_of_an_appointment_is_booked_and_422(api: Api) -> None:
    found = await booked(api)
    own = found.appointment["appointmentRequestId"]
    answer = await api.alice.reschedule(found.id, own, found.slots[0]["id"])
    assert refused(answer, "appointment-request-booked")


async def test_d41_past_the_point_of_no_return_is_201_and_its_outcome_422(api: Api, database: Database) -> None:
    found = await booked(api)
    await execute(database, "UPDATE appointments SET cancellable_until = '2026-01-01T00:00:00.000Z'")
    answers = [await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"]) for _ in range(2)]
    assert number_of(answers[0]) != number_of(answers[1])
    for answer in answers:
        assert refused(await api.alice.read_reschedule(number_of(answer)), "past-point-of-no-return")
    assert (await api.alice.read(found.request_id)).json()["slots"] == found.slots
    assert (await api.alice.request("GET", found.booking)).json()["startTime"] == found.appointment["startTime"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (WORK_BEGAN, "appointment-in-progress"),
        (COMPLETED, "appointment-ended"),
        (INCOMPLETE, "appointment-ended"),
        (CANCELLED_BY_NETWORK, "appointment-ended"),
    ],
)
async def test_d42_what_has_begun_or_ended_is_201_and_its_outcome_422(
    api: Api, database: Database, step: Transition[Any], code: str
) -> None:
    found = await booked(api)
    await news(database, found.id, step)
    answer = await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"])
    assert refused(await api.alice.read_reschedule(number_of(answer)), code)
    assert (await api.alice.read(found.request_id)).json()["status"] == "open"
    if step is CANCELLED_BY_NETWORK:
        ((key,),) = await rows(database, "SELECT key FROM reservations")
        await calendar(database).cancel([CancelCommand(key, "the network cancelled it")])


async def test_d46a_a_repeat_gets_its_own_location_also_after_the_outcome(api: Api, database: Database) -> None:
    found = await booked(api)
    change = (found.id, found.request_id, found.slots[2]["id"])
    answers = await asyncio.gather(*(api.alice.reschedule(*change) for _ in range(5)))
    assert (await outcome(api, answers[0])).status_code == 200
    answers += [await api.alice.reschedule(*change)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await rows(database, "SELECT state FROM reschedules") == [("rescheduled",)]
    assert refused(await api.alice.reschedule(*change[:2], found.slots[3]["id"]), "appointment-request-booked")


async def test_d46a_another_change_meanwhile_is_422(serve: Serve, database: Database) -> None:
    async with serve() as api:
        found = await booked(api)
        second, slots = await api.opened(1)
    async with serve(with_worker=False) as api:
        first = await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"])
        assert (await api.alice.read_reschedule(number_of(first))).status_code == 202
        assert (await api.alice.request("GET", found.booking)).json()["status"] == "booked"
        for request_id, slot in ((found.request_id, found.slots[3]), (second, slots[2])):
            answer = await api.alice.reschedule(found.id, request_id, slot["id"])
            assert refused(answer, "appointment-changing")
            assert int(answer.headers["retry-after"]) > 0
        assert refused(await api.alice.cancel(found.request_id), "appointment-request-booking")
        assert refused(await api.alice.book(found.request_id, slots[2]["id"]), "appointment-request-booking")


async def test_d46a_of_two_changes_at_once_one_is_made(api: Api, database: Database) -> None:
    found = await booked(api)
    answers = await asyncio.gather(
        *(api.alice.reschedule(found.id, found.request_id, slot["id"]) for slot in found.slots[1:4])
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    (made,) = [answer for answer in answers if answer.status_code == 201]
    assert (await outcome(api, made)).status_code == 200
    assert await capacity_taken(database) == 1


async def test_a_rescheduled_appointment_is_rescheduled_again(api: Api, database: Database) -> None:
    found = await booked(api)
    first = await api.alice.reschedule(found.id, found.request_id, found.slots[2]["id"])
    assert (await outcome(api, first)).status_code == 200
    third, slots = await api.opened(1)
    again = await api.alice.reschedule(found.id, third, slots[0]["id"])
    moved = (await outcome(api, again)).json()
    assert (moved["startTime"], moved["appointmentRequestId"]) == (slots[0]["startTime"], third)
    assert (await api.alice.read_reschedule(number_of(first))).json() == moved
    assert await capacity_taken(database) == 1
