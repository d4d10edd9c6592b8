"""An offer ends: the appointment-request is `expired`, cannot be booked, and can still be cancelled (D47)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.engine import Database
from connect_appointments.workforce.regions import working_days
from tests.api.moments import served_at
from tests.api_client import Api, number_of
from tests.build import Issuer, days_from, set_capacity
from tests.documents import documented
from tests.store.given import kinds, let_expire, rows
from tests.worker.workforces import Gated, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
VERSIONS = [str(number) for number in range(1, 8)]


async def expired(api: Api, database: Database, order_id: int = 1) -> tuple[int, list[Any]]:
    """An appointment-request whose offer has ended, and the slots that it had."""
    request_id, slots = await api.opened(order_id)
    await let_expire(database, request_id)
    return request_id, slots


@pytest.mark.parametrize("version", VERSIONS, ids="D47 version {}".format)
async def test_d47_after_its_end_the_status_is_expired_and_no_slot_is_on_offer(
    api: Api, database: Database, version: str
) -> None:
    request_id, _ = await expired(api, database)
    found = (await api.alice.read(request_id, headers={"X-API-VERSION": version})).json()
    assert (found["status"], found["slots"]) == ("expired", [])
    assert (found["slotsExpireOn"], found["cancelledOn"], found["appointmentId"]) == (
        "2000-01-01T00:00:00Z",
        None,
        None,
    )


@pytest.mark.parametrize("version", VERSIONS, ids="D47 version {}".format)
async def test_d47_booking_it_is_422_on_the_post_and_changes_nothing(
    api: Api, database: Database, version: str
) -> None:
    request_id, slots = await expired(api, database)
    before = await kinds(database, request_id)
    for slot_id in (slots[0]["id"], "never offered"):
        answer = await api.alice.book(request_id, slot_id, headers={"X-API-VERSION": version})
        assert (answer.status_code, answer.json()["code"]) == (422, "offer-expired")
    assert await kinds(database, request_id) == before
    assert await rows(database, "SELECT id FROM bookings") == []


async def test_d47_cancelling_it_is_204_and_it_is_cancelled(api: Api, database: Database) -> None:
    request_id, slots = await expired(api, database)
    assert [(await api.alice.cancel(request_id)).status_code for _ in range(2)] == [204, 204]
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert (await api.alice.book(request_id, slots[0]["id"])).json()["code"] == "appointment-request-cancelled"


async def test_d47_a_booking_accepted_before_the_end_goes_on(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await let_expire(database, request_id)
        assert (await api.alice.read(request_id)).json()["status"] == "booking"
        assert number_of(await api.alice.book(request_id, slots[0]["id"])) == booking_id
        workforce.reserving.open()
        booking = await api.settled(lambda: api.alice.read_booking(booking_id))
        request = (await api.alice.read(request_id)).json()
    assert (booking.status_code, booking.json()["status"]) == (200, "booked")
    assert (request["status"], request["appointmentId"]) == ("booked", booking.json()["id"])


async def test_d47_a_booking_refused_after_the_end_leaves_it_expired(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await let_expire(database, request_id)
        await set_capacity(database, 0, days_from(api.alice._clock(), 120))
        workforce.reserving.open()
        booking = await api.settled(lambda: api.alice.read_booking(booking_id))
        request = (await api.alice.read(request_id)).json()
        again = await api.alice.book(request_id, slots[1]["id"])
    assert booking.json()["code"] == "slot-unavailable"
    assert (request["status"], request["slots"], request["slotsExpireOn"]) == ("expired", [], "2000-01-01T00:00:00Z")
    assert again.json()["code"] == "offer-expired"


async def test_d47_an_offer_ends_when_its_last_slot_can_no_longer_be_booked(database: Database, issuer: Issuer) -> None:
    async with served_at(database, issuer, "2054-11-23T02:00:00+00:00") as (api, _):
        request_id, slots = await api.opened(1)
        found = (await api.alice.read(request_id)).json()
    # Monday in Brisbane is the last day on which the Tuesday can be booked.
    assert slots[-1]["startTime"] == "2054-12-07T03:00:00Z"
    assert found["slotsExpireOn"] == "2054-12-06T14:00:00Z"


async def test_d47_the_end_is_reckoned_again_when_the_last_slot_is_refused(database: Database, issuer: Issuer) -> None:
    policy = BookingPolicy(working_days("AU"), slot_days=2)
    async with served_at(database, issuer, "2054-11-23T02:00:00+00:00", policy=policy) as (api, clock):
        request_id, slots = await api.opened(1)
        assert [slot["startTime"] for slot in slots[1:3]] == ["2054-11-24T03:00:00Z", "2054-11-24T22:00:00Z"]
        ends = [(await api.alice.read(request_id)).json()["slotsExpireOn"]]
        await set_capacity(database, 0, days_from(clock(), 120))
        for slot in (slots[3], slots[2], slots[0], slots[1]):
            booking_id = number_of(await api.alice.book(request_id, slot["id"]))
            answer = await api.settled(lambda n=booking_id: api.alice.read_booking(n))
            assert answer.status_code == 422
            ends.append((await api.alice.read(request_id)).json()["slotsExpireOn"])
        last = (await api.alice.read(request_id)).json()
    assert ends == ["2054-11-24T14:00:00Z"] * 2 + ["2054-11-23T14:00:00Z"] * 2 + [None]
    assert (last["status"], last["slots"]) == ("open", [])


async def test_d47_an_operator_can_limit_the_minutes_of_an_offer(serve: Serve) -> None:
    policy = BookingPolicy(working_days("AU"), offer_minutes=10)
    async with serve(policy=policy) as api:
        request_id, _ = await api.opened(1)
        found = (await api.alice.read(request_id)).json()
    made, ends = (datetime.fromisoformat(found[name]) for name in ("updatedOn", "slotsExpireOn"))
    assert (found["status"], ends - made) == ("open", timedelta(minutes=10))


async def test_d47_an_offer_that_was_empty_never_expires(serve: Serve, database: Database) -> None:
    policy = BookingPolicy(working_days("AU"), offer_minutes=10)
    async with serve(policy=policy) as api:
        await set_capacity(database, 0, days_from(api.alice._clock(), 120))
        request_id, slots = await api.opened(1)
        found = (await api.alice.read(request_id)).json()
        answer = await api.alice.book(request_id, "x")
    assert (slots, found["status"], found["slotsExpireOn"]) == ([], "open", None)
    assert answer.json()["code"] == "slot-not-offered"


async def test_d47_an_expired_request_does_not_occupy_its_order(api: Api, database: Database) -> None:
    await expired(api, database)
    _, booking = await api.booked(1)
    assert booking.json()["status"] == "booked"


async def test_d47_an_offer_made_when_all_its_slots_are_over_is_expired_at_once(
    database: Database, issuer: Issuer
) -> None:
    async with served_at(database, issuer, "2020-11-23T02:00:00+00:00") as (api, _):
        request_id = await api.created(1)
        found = (await api.settled(lambda: api.alice.read(request_id))).json()
        answer = await api.alice.book(request_id, "x")
    assert (found["status"], found["slots"]) == ("expired", [])
    assert answer.json()["code"] == "offer-expired"


@pytest.mark.parametrize("version", VERSIONS, ids="D47 version {}".format)
async def test_d47_the_documentation_lists_the_status(version: str) -> None:
    found = documented(version)["components"]["schemas"]["AppointmentRequestMessage"]["properties"]["status"]
    assert found["enum"] == ["open", "expired", "booking", "booked", "cancelled"]
