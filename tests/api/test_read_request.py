"""GET /api/connect/orders/appointment-requests/request/{n}."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.workforce.regions import working_days
from tests.api.moments import served_at
from tests.api_client import Api, number_of
from tests.build import Issuer, days_from, set_capacity
from tests.documents import documented
from tests.worker.workforces import Failing, Gated, Scripted, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
KEYS = ["id", "orderId", "dateFrom", "status", "slots", "createdOn", "updatedOn", "cancelledOn"]
KEYS += ["slotsExpireOn", "appointmentId"]
SLOT_KEYS = ["id", "slotType", "startTime", "endTime", "timezoneOffset"]
WHOLE_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SYDNEY = Site("Australia/Sydney", "NSW", "4000")
PERTH = Site("Australia/Perth", "WA", "4000")
ADELAIDE = Site("Australia/Adelaide", "SA", "4000")


def windows(slots: list[Any]) -> list[tuple[str, str, str]]:
    """Each slot as its half-day, its start and its offset."""
    return [(slot["slotType"], slot["startTime"], slot["timezoneOffset"]) for slot in slots]


async def test_d19_an_open_one_has_exactly_these_keys_in_this_order(api: Api) -> None:
    day = str(api.alice._clock().date() + timedelta(days=7))
    request_id, _ = await api.opened(1, date_from=day)
    answer = await api.alice.read(request_id)
    request = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert list(request) == KEYS
    assert (request["id"], request["orderId"], request["dateFrom"]) == (request_id, 1, day)
    assert (request["status"], request["cancelledOn"]) == ("open", None)
    assert request["slots"]
    for slot in request["slots"]:
        assert list(slot) == SLOT_KEYS
        assert isinstance(slot["id"], str)
        assert slot["slotType"] in {"AM", "PM"}
        assert WHOLE_SECONDS.fullmatch(slot["startTime"])
        assert WHOLE_SECONDS.fullmatch(slot["endTime"])
        assert slot["timezoneOffset"] == "+10:00"


def test_d19_the_documentation_has_the_same_keys_in_the_same_order() -> None:
    for version in ("1", "7"):
        schemas = documented(version)["components"]["schemas"]
        for name, keys in (("AppointmentRequestMessage", KEYS), ("SlotMessage", SLOT_KEYS)):
            assert list(schemas[name]["properties"]) == schemas[name]["required"] == keys


async def test_d19_times_are_of_now_in_whole_seconds(api: Api) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    request_id, _ = await api.opened(1)
    await api.alice.cancel(request_id)
    request = (await api.alice.read(request_id)).json()
    times = [request[name] for name in ("createdOn", "updatedOn", "cancelledOn")]
    assert all(WHOLE_SECONDS.fullmatch(moment) for moment in times)
    found = [datetime.fromisoformat(moment) for moment in times]
    assert before <= found[0] <= found[1] == found[2] <= datetime.now(UTC)


@pytest.mark.parametrize("status", ["d19-open", "d19-booking", "d19-booked", "d19-cancelled"])
async def test_slots_are_empty_unless_open_and_every_key_is_always_there(
    serve: Serve, database: Database, status: str
) -> None:
    status = status.removeprefix("d19-")
    workforce = Gated(calendar(database))
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        if status == "booking":
            workforce.reserving.shut()
        if status in {"booking", "booked"}:
            booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        if status == "booked":
            await api.settled(lambda: api.alice.read_booking(booking_id))
        if status == "cancelled":
            await api.alice.cancel(request_id)
        request = (await api.alice.read(request_id)).json()
        workforce.reserving.open()
    assert list(request) == KEYS
    assert request["status"] == status
    assert request["slots"] == (slots if status == "open" else [])
    assert (request["cancelledOn"] is None) == (status != "cancelled")


async def test_d18_one_that_is_searching_is_202_without_a_body_and_with_retry_after(serve: Serve) -> None:
    async with serve(with_worker=False) as api:
        answer = await api.alice.read(await api.created(1))
    assert (answer.status_code, answer.content) == (202, b"")
    assert re.fullmatch(r"[1-9]\d*", answer.headers["retry-after"])
    assert "content-type" not in answer.headers


async def test_d19_one_whose_search_failed_for_good_is_422_every_time(serve: Serve) -> None:
    workforce = Failing(Scripted(), ConnectionError("down"), times=99)
    async with serve(workforce=workforce, worker=WorkerOptions(search_tries=1)) as api:
        request_id = await api.created(1)
        for _ in range(3):
            answer = await api.settled(lambda: api.alice.read(request_id))
            assert (answer.status_code, answer.json()["code"]) == (422, "search-failed")


async def test_d35_one_without_slots_is_open_and_not_a_failure(api: Api, database: Database) -> None:
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    request_id = await api.created(1)
    answer = await api.settled(lambda: api.alice.read(request_id))
    assert (answer.status_code, answer.json()["status"], answer.json()["slots"]) == (200, "open", [])


async def test_d28_slots_stay_as_they_were_offered(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await set_capacity(database, 0, days_from(api.alice._clock(), 120))
    assert (await api.alice.read(request_id)).json()["slots"] == slots


async def test_d28_windows_are_mornings_and_afternoons_where_the_site_is(database: Database, issuer: Issuer) -> None:
    async with served_at(database, issuer, "2054-11-23T01:00:00+00:00") as (api, _):
        _, slots = await api.opened(1, date_from="2054-11-24")
    assert [tuple(slot.values())[1:] for slot in slots[:2]] == [
        ("AM", "2054-11-23T22:00:00Z", "2054-11-24T02:00:00Z", "+10:00"),
        ("PM", "2054-11-24T03:00:00Z", "2054-11-24T07:00:00Z", "+10:00"),
    ]


async def test_d28_a_fortnight_from_date_from_has_its_working_days(database: Database, issuer: Issuer) -> None:
    async with served_at(database, issuer, "2054-11-23T01:00:00+00:00") as (api, _):
        _, slots = await api.opened(1, date_from="2054-11-28")
    days = [slot["startTime"][:10] for slot in slots if slot["slotType"] == "PM"]
    assert days == [f"2054-{day}" for day in ("11-30", *(f"12-{n:02d}" for n in (1, 2, 3, 4, 7, 8, 9, 10, 11)))]


@pytest.mark.parametrize("date_from", ["2054-11-23", "2054-11-24"])
async def test_d28_the_later_of_date_from_and_the_lead_time_counts(
    database: Database, issuer: Issuer, date_from: str
) -> None:
    async with served_at(database, issuer, "2054-11-23T01:00:00+00:00") as (api, _):
        _, slots = await api.opened(1, date_from=date_from)
    assert (slots[0]["startTime"], slots[-1]["startTime"]) == ("2054-11-23T22:00:00Z", "2054-12-07T03:00:00Z")


async def test_d28_slot_days_and_lead_days_are_settings(database: Database, issuer: Issuer) -> None:
    policy = BookingPolicy(working_days("AU"), slot_days=2, lead_days=3)
    async with served_at(database, issuer, "2054-11-23T01:00:00+00:00", policy=policy) as (api, _):
        _, slots = await api.opened(1, date_from="2054-11-23")
    assert [slot["startTime"][:10] for slot in slots if slot["slotType"] == "PM"] == ["2054-11-26", "2054-11-27"]


@pytest.mark.parametrize(
    ("site", "morning"),
    [
        pytest.param(SYDNEY, "2054-10-05T21:00:00Z", id="d28-labour-day-in-new-south-wales"),
        pytest.param(PERTH, "2054-10-05T00:00:00Z", id="d28-a-working-day-in-western-australia"),
    ],
)
async def test_public_holidays_are_those_of_the_sites_state(
    database: Database, issuer: Issuer, site: Site, morning: str
) -> None:
    async with served_at(database, issuer, "2054-09-30T01:00:00+00:00", site) as (api, _):
        _, slots = await api.opened(1, date_from="2054-10-05")
    assert slots[0]["startTime"] == morning


@pytest.mark.parametrize(
    ("moment", "site", "date_from", "expected"),
    [
        pytest.param(
            "2054-10-01T01:00:00+00:00",
            SYDNEY,
            "2054-10-02",
            [
                ("AM", "2054-10-01T22:00:00Z", "+10:00"),
                ("PM", "2054-10-02T03:00:00Z", "+10:00"),
                ("AM", "2054-10-05T21:00:00Z", "+11:00"),
                ("PM", "2054-10-06T02:00:00Z", "+11:00"),
            ],
            id="d28-daylight-saving-begins",
        ),
        pytest.param(
            "2055-03-31T01:00:00+00:00",
            SYDNEY,
            "2055-04-02",
            [
                ("AM", "2055-04-01T21:00:00Z", "+11:00"),
                ("PM", "2055-04-02T02:00:00Z", "+11:00"),
                ("AM", "2055-04-04T22:00:00Z", "+10:00"),
                ("PM", "2055-04-05T03:00:00Z", "+10:00"),
            ],
            id="d28-daylight-saving-ends",
        ),
        pytest.param(
            "2054-10-01T01:00:00+00:00",
            ADELAIDE,
            "2054-10-02",
            [
                ("AM", "2054-10-01T22:30:00Z", "+09:30"),
                ("PM", "2054-10-02T03:30:00Z", "+09:30"),
                ("AM", "2054-10-05T21:30:00Z", "+10:30"),
                ("PM", "2054-10-06T02:30:00Z", "+10:30"),
            ],
            id="d28-daylight-saving-of-half-an-hour-less",
        ),
        pytest.param(
            "2054-10-01T01:00:00+00:00",
            PERTH,
            "2054-10-02",
            [
                ("AM", "2054-10-02T00:00:00Z", "+08:00"),
                ("PM", "2054-10-02T05:00:00Z", "+08:00"),
                ("AM", "2054-10-05T00:00:00Z", "+08:00"),
                ("PM", "2054-10-05T05:00:00Z", "+08:00"),
            ],
            id="d28-no-daylight-saving",
        ),
    ],
)
async def test_windows_keep_their_wall_time_when_the_clocks_change(
    database: Database, issuer: Issuer, moment: str, site: Site, date_from: str, expected: list[tuple[str, str, str]]
) -> None:
    async with served_at(database, issuer, moment, site) as (api, _):
        _, slots = await api.opened(1, date_from=date_from)
    assert windows(slots)[:4] == expected


async def test_another_owner_does_not_see_it(api: Api) -> None:
    request_id, _ = await api.opened(1)
    assert (await api.bob.read(request_id)).status_code == 404
