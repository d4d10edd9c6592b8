"""POST /api/connect/orders/appointment-requests/cancel."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import events
from tests.api_client import Api, number_of
from tests.build import ALICE, days_from, set_capacity
from tests.store.given import EVERYBODYS, kinds
from tests.worker.by_hand import appointments_made, capacity_taken
from tests.worker.workforces import Failing, Gated, Scripted, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
OPENED = ["created", "slots-found"]


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_cancel_is_204_in_every_version(api: Api, version: str) -> None:
    request_id, _ = await api.opened(1)
    answer = await api.alice.cancel(request_id, headers={"X-API-VERSION": version})
    assert answer.status_code == 204
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"


async def test_the_204_has_no_body_and_none_of_its_headers(api: Api) -> None:
    request_id, _ = await api.opened(1)
    answer = await api.alice.cancel(request_id)
    assert answer.content == b""
    assert not {"content-type", "content-length", "location"} & set(answer.headers)


async def test_a_cancelled_request_shows_when_and_offers_nothing(api: Api) -> None:
    request_id, _ = await api.opened(1)
    await api.alice.cancel(request_id)
    request = (await api.alice.read(request_id)).json()
    assert (request["status"], request["slots"]) == ("cancelled", [])
    assert request["createdOn"] <= request["cancelledOn"] == request["updatedOn"]


async def test_the_event_of_a_cancel_names_owner_client_and_request_id(api: Api, database: Database) -> None:
    request_id, _ = await api.opened(1)
    await api.alice.cancel(request_id, headers={"X-Request-Id": "cancel-of-alice"})
    event = (await database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id)))[-1]
    assert (event.kind, event.owner, event.client, event.x_request_id) == (
        "cancelled",
        ALICE,
        "portal-api",
        "cancel-of-alice",
    )


@pytest.mark.parametrize("times", [2, 3, 10])
async def test_d1_cancel_again_is_204_again_and_no_second_event(api: Api, database: Database, times: int) -> None:
    request_id, _ = await api.opened(1)
    assert (await api.alice.cancel(request_id)).status_code == 204
    before = (await api.alice.read(request_id)).content
    for _ in range(times - 1):
        assert (await api.alice.cancel(request_id)).status_code == 204
    assert (await api.alice.read(request_id)).content == before
    assert await kinds(database, request_id) == [*OPENED, "cancelled"]


async def test_d2_cancel_one_that_is_still_searching_is_204(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        assert (await api.alice.read(request_id)).status_code == 202
        assert (await api.alice.cancel(request_id)).status_code == 204
        request = (await api.alice.read(request_id)).json()
    assert (request["status"], request["slots"]) == ("cancelled", [])
    assert await kinds(database, request_id) == ["created", "cancelled"]


async def test_d3_cancel_one_being_booked_is_422_with_retry_after(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        before = (await api.alice.read(request_id)).content
        answer = await api.alice.cancel(request_id)
        assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booking")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await api.alice.read(request_id)).content == before
        assert await kinds(database, request_id) == [*OPENED, "booking-started"]
        workforce.reserving.open()
        assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 200


async def test_d3_cancel_a_booked_one_is_422_and_changes_nothing(api: Api, database: Database) -> None:
    request_id, booking = await api.booked(1)
    assert booking.status_code == 200
    before = (await api.alice.read(request_id)).content
    answer = await api.alice.cancel(request_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booked")
    assert "retry-after" not in answer.headers
    assert (await api.alice.read(request_id)).content == before
    assert await kinds(database, request_id) == [*OPENED, "booking-started", "booked"]
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)


async def test_d4_cancel_one_whose_search_failed_is_204_and_it_reads_cancelled(
    serve: Serve, database: Database
) -> None:
    workforce = Failing(Scripted(), ConnectionError("down"), times=99)
    async with serve(workforce=workforce, worker=WorkerOptions(search_tries=1)) as api:
        request_id = await api.created(1)
        failed = await api.settled(lambda: api.alice.read(request_id))
        assert (failed.status_code, failed.json()["code"]) == (422, "search-failed")
        assert (await api.alice.cancel(request_id)).status_code == 204
        found = await api.alice.read(request_id)
        assert (found.status_code, found.json()["status"]) == (200, "cancelled")
        assert (await api.alice.cancel(request_id)).status_code == 204
    assert await kinds(database, request_id) == ["created", "search-failed", "cancelled"]


async def test_d29_one_whose_slot_was_refused_is_open_again_and_can_be_cancelled(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
    assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 422
    assert (await api.alice.cancel(request_id)).status_code == 204
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert (await api.alice.read_booking(booking_id)).json()["code"] == "slot-unavailable"


async def test_d35_one_without_slots_can_be_cancelled(api: Api, database: Database) -> None:
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    request_id, slots = await api.opened(1)
    assert slots == []
    assert (await api.alice.cancel(request_id)).status_code == 204


async def test_cancelling_one_of_an_orders_requests_leaves_the_other(api: Api) -> None:
    (one, _), (other, slots) = await api.opened(1), await api.opened(1)
    assert (await api.alice.cancel(one)).status_code == 204
    assert (await api.alice.read(other)).json()["slots"] == slots


async def test_a_cancel_of_another_owners_request_changes_nothing(api: Api, database: Database) -> None:
    request_id, _ = await api.opened(1)
    assert (await api.bob.cancel(request_id)).status_code == 404
    assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert await kinds(database, request_id) == OPENED
