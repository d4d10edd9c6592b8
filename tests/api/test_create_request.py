"""POST /api/connect/orders/appointment-requests/request."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import requests
from connect_appointments.store.queries.requests import NewRequest
from connect_appointments.store.transaction import Transaction
from tests.api_client import CREATE, Api, number_of, serve_in_process
from tests.build import ALICE, PUBLIC_URL, Clock, Issuer
from tests.store.given import kinds, rows

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
LARGEST_ID = 2**53 - 1


@pytest.fixture
async def idle(serve: Serve) -> AsyncIterator[Api]:
    """The service without a worker: what is created stays as it is."""
    async with serve(with_worker=False) as api:
        yield api


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_create_is_201_with_a_location_in_every_version(idle: Api, version: str) -> None:
    answer = await idle.alice.create(1, headers={"X-API-VERSION": version})
    assert (answer.status_code, answer.content) == (201, b"")
    assert re.fullmatch(re.escape(PUBLIC_URL + CREATE) + r"/[1-9]\d*", answer.headers["location"])
    assert "content-type" not in answer.headers


async def test_creating_writes_one_event(idle: Api, database: Database) -> None:
    assert await kinds(database, await idle.created(1)) == ["created"]


async def test_d20_ids_are_json_numbers_that_grow(api: Api) -> None:
    found = [(await api.opened(order_id))[0] for order_id in (1, 2, 1)]
    assert found == sorted(set(found))
    for request_id in found:
        shown = (await api.alice.read(request_id)).content
        assert re.match(rb'\{"id":' + str(request_id).encode() + rb",", shown)
        assert 0 < request_id <= LARGEST_ID


async def test_d20_no_id_is_given_twice_after_a_restart(
    idle: Api, database_url: str, issuer: Issuer, clock: Clock
) -> None:
    before = [await idle.created(1) for _ in range(3)]
    again = Database(database_url)
    async with serve_in_process(again, issuer, clock, with_worker=False) as restarted:
        after = [await restarted.created(1) for _ in range(3)]
    await again.close()
    assert min(after) > max(before)


async def test_d20_no_id_is_given_twice_after_a_rollback(idle: Api, database: Database) -> None:
    before = await idle.created(1)
    for _ in range(3):
        with pytest.raises(RolledBackError):
            await database.write(insert_and_fail)
    after = [await idle.created(1) for _ in range(3)]
    assert len({before, *after}) == 4
    assert min(after) > before


class RolledBackError(Exception):
    """The transaction is not to be."""


async def insert_and_fail(transaction: Transaction) -> None:
    await requests.insert(transaction, [NewRequest(ALICE, 1, date(2026, 11, 24), "portal-api", "x_request_id")])
    raise RolledBackError


async def test_d20_the_largest_id_works(serve: Serve, database: Database) -> None:
    await database.write(lambda transaction: requests.number_from(transaction, LARGEST_ID))
    async with serve() as api:
        request_id, slots = await api.opened(1)
        assert request_id == LARGEST_ID
        assert json.loads((await api.alice.read(request_id)).content)["id"] == 9007199254740991
        number_of(await api.alice.book(request_id, slots[0]["id"]))


@pytest.mark.parametrize(
    "order_id",
    [
        pytest.param("999", id="d22-unknown"),
        pytest.param("11", id="d22-another-owners"),
        pytest.param("0", id="d22-zero"),
        pytest.param("-1", id="d22-negative"),
        pytest.param("-0", id="d22-negative-zero"),
        pytest.param("9223372036854775807", id="d22-largest-of-the-database"),
        pytest.param("9223372036854775808", id="d22-beyond-the-database"),
        pytest.param("9" * 5000, id="d22-5000-digits"),
        pytest.param("1e400", id="d22-beyond-any-float"),
    ],
)
async def test_an_order_that_is_not_the_callers_is_the_same_404(shared_api: Api, order_id: str) -> None:
    day = shared_api.alice._clock().date() + timedelta(days=1)
    answers = [
        await shared_api.alice.request("POST", CREATE, content=f'{{"orderId":{n},"dateFrom":"{day}"}}'.encode())
        for n in ("999", order_id)
    ]
    unknown, found = ({**answer.json(), "instance": "", "requestId": ""} for answer in answers)
    assert {answer.status_code for answer in answers} == {404}
    assert unknown == found
    assert found["code"] == "not-found"
    assert answers[0].headers.keys() == answers[1].headers.keys()


async def test_d22_a_foreign_order_is_404_whatever_the_date(shared_api: Api) -> None:
    """Or the answer would tell where the order's site is, and that there is one."""
    for day in ("2020-01-01", "2099-01-01"):
        assert (await shared_api.alice.create(11, day)).status_code == 404


async def test_d22_a_refused_creation_leaves_nothing(idle: Api, database: Database) -> None:
    await idle.alice.create(11)
    await idle.alice.create(999)
    await idle.alice.create(1, "2020-01-01")
    assert await rows(database, "SELECT id FROM appointment_requests") == []
    assert await rows(database, "SELECT id FROM jobs") == []
    assert await rows(database, "SELECT id FROM events") == []


async def test_d27_an_order_may_have_several_open_ones(api: Api) -> None:
    found = [await api.opened(1) for _ in range(3)]
    assert len({request_id for request_id, _ in found}) == 3
    for request_id, slots in found:
        assert slots
        assert (await api.alice.read(request_id)).json()["status"] == "open"


async def test_an_order_of_another_owner_is_open_to_that_owner(idle: Api) -> None:
    assert (await idle.bob.create(11)).status_code == 201
    assert (await idle.bob.create(1)).status_code == 404
