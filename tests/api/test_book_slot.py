"""POST /api/connect/orders/appointments/request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import pytest

from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.usecases.options import ServiceOptions
from tests.api_client import BOOK, Api, number_of
from tests.build import PUBLIC_URL, days_from, set_capacity
from tests.store.given import kinds, rows
from tests.worker.by_hand import capacity_taken
from tests.worker.workforces import Failing, Gated, Scripted, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
OPENED = ["created", "slots-found"]


class Slow(NamedTuple):
    """The service, and the gate before its workforce system."""

    api: Api
    workforce: Gated


@pytest.fixture
async def slow(serve: Serve, database: Database) -> AsyncIterator[Slow]:
    """A service whose bookings stay under way until the gate is opened."""
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        yield Slow(api, workforce)
        workforce.reserving.open()


async def test_book_is_201_with_a_location(api: Api) -> None:
    request_id, slots = await api.opened(1)
    answer = await api.alice.book(request_id, slots[0]["id"])
    assert (answer.status_code, answer.content) == (201, b"")
    assert re.fullmatch(re.escape(PUBLIC_URL + BOOK) + r"/[1-9]\d*", answer.headers["location"])


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_any_version_books(api: Api, version: str) -> None:
    request_id, slots = await api.opened(1)
    assert (await api.alice.book(request_id, slots[0]["id"], headers={"X-API-VERSION": version})).status_code == 201


async def test_d5_a_cancelled_one_is_422_at_once(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await api.alice.cancel(request_id)
    for slot_id in (slots[0]["id"], "never-offered"):
        answer = await api.alice.book(request_id, slot_id)
        assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-cancelled")
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert await rows(database, "SELECT id FROM bookings") == []
    assert await kinds(database, request_id) == [*OPENED, "cancelled"]


async def test_d5_one_cancelled_while_it_was_searching_is_422_at_once(serve: Serve) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        await api.alice.cancel(request_id)
        answer = await api.alice.book(request_id, "a")
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-cancelled")


@pytest.mark.parametrize(
    "slot_id",
    [
        pytest.param("never-offered", id="d30-a-word"),
        pytest.param("", id="d30-empty"),
        pytest.param("0", id="d30-a-digit"),
        pytest.param("x" * 255, id="d30-255-characters"),
        pytest.param("' OR 1=1 --", id="d30-sql"),
        pytest.param("\u00e9\U0001f4a5", id="d30-beyond-ascii"),
    ],
)
async def test_a_slot_that_was_never_offered_is_422(shared_api: Api, slot_id: str) -> None:
    request_id, _ = await shared_api.opened(2)
    answer = await shared_api.alice.book(request_id, slot_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "slot-not-offered")
    assert (await shared_api.alice.read(request_id)).json()["status"] == "open"


async def test_d30_ids_are_compared_byte_for_byte(shared_api: Api) -> None:
    request_id, slots = await shared_api.opened(2)
    slot_id = slots[0]["id"]
    for other in (slot_id.upper(), f" {slot_id}", f"{slot_id} ", slot_id[:-1], f"{slot_id}0"):
        answer = await shared_api.alice.book(request_id, other)
        assert (answer.status_code, answer.json()["code"]) == (422, "slot-not-offered")


async def test_d30_a_slot_offered_for_another_request_only_is_422(api: Api, database: Database) -> None:
    _, early = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    request_id, none = await api.opened(2)
    assert none == []
    answer = await api.alice.book(request_id, early[0]["id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "slot-not-offered")


async def test_d32_one_that_is_searching_is_422(serve: Serve) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        answer = await api.alice.book(request_id, "a")
        assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-not-open")
        assert (await api.alice.read(request_id)).status_code == 202


async def test_d32_one_whose_search_failed_is_422(serve: Serve) -> None:
    workforce = Failing(Scripted(), ConnectionError("down"), times=99)
    async with serve(workforce=workforce, worker=WorkerOptions(search_tries=1)) as api:
        request_id = await api.created(1)
        await api.settled(lambda: api.alice.read(request_id))
        answer = await api.alice.book(request_id, "a")
        assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-not-open")


@pytest.mark.parametrize("state", ["d33-booking", "d33-booked"])
async def test_the_same_slot_again_is_201_with_the_same_location(slow: Slow, database: Database, state: str) -> None:
    api = slow.api
    request_id, slots = await api.opened(1)
    first = await api.alice.book(request_id, slots[0]["id"])
    if state == "d33-booked":
        slow.workforce.reserving.open()
        await api.settled(lambda: api.alice.read_booking(number_of(first)))
    before = await kinds(database, request_id)
    again = await api.alice.book(request_id, slots[0]["id"])
    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
    assert await kinds(database, request_id) == before
    assert len(await rows(database, "SELECT id FROM bookings")) == 1
    assert slow.workforce.reserving.asked <= 1
    assert (await api.alice.read(request_id)).json()["status"] == state.removeprefix("d33-")


@pytest.mark.parametrize("state", ["d33-booking", "d33-booked"])
@pytest.mark.parametrize("other", ["offered", "never-offered"])
async def test_another_slot_is_422_and_the_first_one_stays(
    slow: Slow, database: Database, state: str, other: str
) -> None:
    api = slow.api
    request_id, slots = await api.opened(1)
    booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
    if state == "d33-booked":
        slow.workforce.reserving.open()
        await api.settled(lambda: api.alice.read_booking(booking_id))
    answer = await api.alice.book(request_id, slots[1]["id"] if other == "offered" else other)
    expected = {"d33-booking": "appointment-request-booking", "d33-booked": "appointment-request-booked"}
    assert (answer.status_code, answer.json()["code"]) == (422, expected[state])
    assert ("retry-after" in answer.headers) == (state == "d33-booking")
    slow.workforce.reserving.open()
    booked = await api.settled(lambda: api.alice.read_booking(booking_id))
    assert booked.json()["startTime"] == slots[0]["startTime"]
    assert await kinds(database, request_id) == [*OPENED, "booking-started", "booked"]


async def test_d33_the_refused_slot_again_is_not_the_same_attempt(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
    await api.settled(lambda: api.alice.read_booking(booking_id))
    answer = await api.alice.book(request_id, slots[0]["id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "slot-not-offered")


async def test_d34_each_next_attempt_gets_a_new_number(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    attempts = []
    for slot in slots[:3]:
        attempts.append(number_of(await api.alice.book(request_id, slot["id"])))
        await api.settled(lambda: api.alice.read_booking(attempts[-1]))
    assert attempts == sorted(set(attempts))
    assert (await api.alice.read(request_id)).json()["slots"] == slots[3:]
    assert await kinds(database, request_id) == [*OPENED, *["booking-started", "slot-refused"] * 3]


async def order_refuses(api: Api, request_id: int, slots: list[Any]) -> bool:
    """Whether booking is refused because of the order's other request."""
    answer = await api.alice.book(request_id, slots[0]["id"])
    if answer.status_code == 201:
        return False
    assert (answer.status_code, answer.json()["code"]) == (422, "order-has-appointment")
    return True


async def test_d27_while_one_is_being_booked_the_orders_other_one_is_422(slow: Slow, database: Database) -> None:
    api = slow.api
    (one, slots), (other, others_slots) = await api.opened(1), await api.opened(1)
    number_of(await api.alice.book(one, slots[0]["id"]))
    assert await order_refuses(api, other, others_slots)
    assert (await api.alice.read(other)).json()["slots"] == others_slots
    assert await kinds(database, other) == OPENED


async def test_d27_when_one_is_booked_the_orders_other_one_is_422_for_ever(api: Api) -> None:
    other, slots = await api.opened(1)
    await api.booked(1)
    assert await order_refuses(api, other, slots)
    newest, slots = await api.opened(1)
    assert await order_refuses(api, newest, slots)
    assert (await api.alice.cancel(other)).status_code == 204


async def test_d27_another_orders_request_is_booked_all_the_same(api: Api) -> None:
    await api.booked(1)
    _, booking = await api.booked(2)
    assert booking.status_code == 200


async def test_d27_a_refused_booking_makes_room_for_the_orders_other_one(api: Api, database: Database) -> None:
    (one, slots), (other, others_slots) = await api.opened(1), await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    booking_id = number_of(await api.alice.book(one, slots[0]["id"]))
    await api.settled(lambda: api.alice.read_booking(booking_id))
    await set_capacity(database, 9, days_from(api.alice._clock(), 120))
    assert not await order_refuses(api, other, others_slots)
    assert await order_refuses(api, one, slots[1:])


async def test_d27_a_cancelled_one_does_not_occupy_the_order(api: Api) -> None:
    (one, _), (other, slots) = await api.opened(1), await api.opened(1)
    await api.alice.cancel(one)
    assert not await order_refuses(api, other, slots)


async def test_d27_a_repeated_booking_is_not_refused_by_itself(api: Api) -> None:
    request_id, slots = await api.opened(1)
    first = await api.alice.book(request_id, slots[0]["id"])
    again = await api.alice.book(request_id, slots[0]["id"])
    assert first.headers["location"] == again.headers["location"]


async def test_d27_of_all_an_orders_requests_booked_at_once_one_is(api: Api, database: Database) -> None:
    found = [await api.opened(1) for _ in range(8)]
    answers = await asyncio.gather(*(api.alice.book(request_id, slots[0]["id"]) for request_id, slots in found))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [201, *[422] * 7]
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 422}
    assert codes == {"order-has-appointment"}
    booking_id = number_of(answers[statuses.index(201)])
    await api.settled(lambda: api.alice.read_booking(booking_id))
    assert await capacity_taken(database) == 1


async def test_d27_is_a_setting_and_off_both_are_booked(serve: Serve, database: Database) -> None:
    async with serve(service=ServiceOptions(one_appointment_per_order=False)) as api:
        (one, slots), (other, others_slots) = await api.opened(1), await api.opened(1)
        for request_id, offer in ((one, slots), (other, others_slots)):
            booking_id = number_of(await api.alice.book(request_id, offer[0]["id"]))
            assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 200  # noqa: B023 - awaited here
    assert await capacity_taken(database) == 2


async def test_d29_another_slot_can_be_booked_after_a_refusal(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    days = days_from(api.alice._clock(), 120)
    await set_capacity(database, 0, days)
    first = number_of(await api.alice.book(request_id, slots[0]["id"]))
    await api.settled(lambda: api.alice.read_booking(first))
    await set_capacity(database, 1, days)
    left = (await api.alice.read(request_id)).json()["slots"]
    second = number_of(await api.alice.book(request_id, left[0]["id"]))
    assert second > first
    assert (await api.settled(lambda: api.alice.read_booking(second))).status_code == 200
    assert (await api.alice.read_booking(first)).json()["code"] == "slot-unavailable"


async def test_another_owner_cannot_book_it(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    answer = await api.bob.book(request_id, slots[0]["id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert await kinds(database, request_id) == OPENED
