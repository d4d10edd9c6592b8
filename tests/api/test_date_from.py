"""Which dates an appointment-request may begin at (D21): the calendar decides, not the database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connect_appointments.core.model import Site
from connect_appointments.store.engine import Database
from tests.api.moments import served_at
from tests.api_client import CREATE, Api
from tests.build import Issuer

pytestmark = pytest.mark.engines("sqlite")


NOON_IN_BRISBANE = "2026-11-23T02:00:00+00:00"


BRISBANE = "Australia/Brisbane"


SYDNEY = "Australia/Sydney"


ADELAIDE = "Australia/Adelaide"


LORD_HOWE = "Australia/Lord_Howe"


PERTH = "Australia/Perth"


STATES = {BRISBANE: "QLD", SYDNEY: "NSW", ADELAIDE: "SA", LORD_HOWE: "NSW", PERTH: "WA"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-02-30", id="d21-no-such-day"),
        pytest.param("2027-02-29", id="d21-no-leap-year"),
        pytest.param("2026-13-01", id="d21-no-such-month"),
        pytest.param("2026-00-10", id="d21-month-0"),
        pytest.param("2026-11-00", id="d21-day-0"),
        pytest.param("0000-11-24", id="d21-year-0"),
        pytest.param("20261124", id="d21-basic-format"),
        pytest.param("2026-W48-2", id="d21-week-date"),
        pytest.param("2026-328", id="d21-ordinal-date"),
        pytest.param(" 2026-11-24", id="d21-space-before"),
        pytest.param("2026-11-24 ", id="d21-space-after"),
        pytest.param("2026- 11-24", id="d21-space-within"),
        pytest.param("2026-11-24\n", id="d21-newline-after"),
        pytest.param("2026-11-24T00:00:00Z", id="d21-a-moment"),
        pytest.param("2026-11-4", id="d21-one-digit"),
        pytest.param("26-11-24", id="d21-two-digit-year"),
        pytest.param("+2026-11-24", id="d21-sign"),
        pytest.param("24/11/2026", id="d21-other-order"),
        pytest.param("2026/11/24", id="d21-slashes"),
        pytest.param("\u0662\u0660\u0662\u0666-\u0661\u0661-\u0662\u0664", id="d21-digits-of-another-script"),
        pytest.param("2026\u201011\u201024", id="d21-another-hyphen"),
        pytest.param("tomorrow", id="d21-a-word"),
        pytest.param("", id="d21-empty"),
    ],
)
async def test_a_date_from_that_is_no_date_is_422_naming_it(shared_api: Api, text: str) -> None:
    answer = await shared_api.alice.request("POST", CREATE, json={"orderId": 1, "dateFrom": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/dateFrom", "not-a-date")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param("2026-11-22", 422, id="d21-yesterday"),
        pytest.param("2026-11-23", 201, id="d21-today"),
        pytest.param("2026-11-24", 201, id="d21-tomorrow"),
        pytest.param("2026-11-28", 201, id="d21-a-saturday"),
        pytest.param("2026-12-25", 201, id="d21-a-holiday"),
        pytest.param("2027-02-19", 201, id="d21-88-days-ahead"),
        pytest.param("2027-02-20", 201, id="d21-89-days-ahead"),
        pytest.param("2027-02-21", 422, id="d21-90-days-ahead"),
        pytest.param("2025-11-24", 422, id="d21-a-year-ago"),
        pytest.param("0001-01-01", 422, id="d21-the-first-day"),
        pytest.param("9999-12-31", 422, id="d21-the-last-day"),
    ],
)
async def test_date_from_is_from_today_to_89_days_ahead(
    database: Database, issuer: Issuer, text: str, status: int
) -> None:
    async with served_at(database, issuer, NOON_IN_BRISBANE, with_worker=False) as (api, _):
        answer = await api.alice.create(1, text)
    assert answer.status_code == status
    if status == 422:
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/dateFrom", "out-of-range")


@pytest.mark.parametrize(
    ("moment", "zone", "today"),
    [
        pytest.param("2026-11-23T13:59:59+00:00", BRISBANE, "2026-11-23", id="d21-brisbane-before-midnight"),
        pytest.param("2026-11-23T14:00:00+00:00", BRISBANE, "2026-11-24", id="d21-brisbane-midnight"),
        pytest.param("2026-11-23T12:59:59+00:00", SYDNEY, "2026-11-23", id="d21-sydney-before-midnight-in-summer"),
        pytest.param("2026-11-23T13:00:00+00:00", SYDNEY, "2026-11-24", id="d21-sydney-midnight-in-summer"),
        pytest.param("2026-07-20T13:59:59+00:00", SYDNEY, "2026-07-20", id="d21-sydney-before-midnight-in-winter"),
        pytest.param("2026-07-20T14:00:00+00:00", SYDNEY, "2026-07-21", id="d21-sydney-midnight-in-winter"),
        pytest.param("2026-11-23T13:29:59+00:00", ADELAIDE, "2026-11-23", id="d21-adelaide-before-midnight"),
        pytest.param("2026-11-23T13:30:00+00:00", ADELAIDE, "2026-11-24", id="d21-adelaide-midnight"),
        pytest.param("2026-07-20T13:30:00+00:00", LORD_HOWE, "2026-07-21", id="d21-lord-howe-midnight"),
        pytest.param("2026-11-23T15:59:59+00:00", PERTH, "2026-11-23", id="d21-perth-before-midnight"),
        pytest.param("2026-11-23T16:00:00+00:00", PERTH, "2026-11-24", id="d21-perth-midnight"),
        pytest.param("2026-11-24T00:00:00+00:00", PERTH, "2026-11-24", id="d21-perth-midnight-in-utc"),
    ],
)
async def test_today_is_where_the_orders_site_is(
    database: Database, issuer: Issuer, moment: str, zone: str, today: str
) -> None:
    first = date.fromisoformat(today)
    ahead = {timedelta(days=-1): 422, timedelta(): 201, timedelta(days=89): 201, timedelta(days=90): 422}
    site = Site(zone, STATES[zone], "4000")
    async with served_at(database, issuer, moment, site, with_worker=False) as (api, _):
        found = {days: (await api.alice.create(1, str(first + days))).status_code for days in ahead}
    assert found == ahead


async def test_d21_the_day_turns_while_the_service_runs(database: Database, issuer: Issuer) -> None:
    async with served_at(database, issuer, "2026-11-23T13:59:59+00:00", with_worker=False) as (api, clock):
        assert (await api.alice.create(1, "2026-11-23")).status_code == 201
        clock.move(seconds=1)
        assert (await api.alice.create(1, "2026-11-23")).status_code == 422
