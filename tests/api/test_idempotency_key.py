"""The Idempotency-Key on creation (D36)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import httpx2
import pytest

from connect_appointments.store.engine import Database
from tests.api.holding import held
from tests.api.moments import served_at
from tests.api_client import BOOK, CANCEL, CREATE, Api, Caller, number_of, serve_in_process
from tests.build import Clock, Issuer
from tests.store.given import kinds, rows, until_one_waits

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
MOMENT = "2026-11-23T02:00:00+00:00"
DAY = "2026-12-10"


@pytest.fixture
async def idle(serve: Serve) -> AsyncIterator[Api]:
    """The service without a worker: what is created stays as it is."""
    async with serve(with_worker=False) as api:
        yield api


async def create(caller: Caller, key: str, order_id: object = 1, day: str | None = None) -> httpx2.Response:
    return await caller.create(order_id, day, headers={"Idempotency-Key": key})


def tomorrow(caller: Caller) -> str:
    return str(caller._clock().date() + timedelta(days=1))


async def create_raw(caller: Caller, *keys: bytes) -> httpx2.Response:
    """Create with these very bytes as the values of as many headers."""
    headers = [
        (b"Authorization", f"Bearer {caller.token}".encode()),
        (b"X-API-VERSION", b"7"),
        *((b"Idempotency-Key", key) for key in keys),
    ]
    return await caller.request("POST", CREATE, json={"orderId": 1, "dateFrom": tomorrow(caller)}, headers=headers)  # type: ignore[arg-type]  # httpx2 takes bytes too


async def requests_made(database: Database) -> int:
    return len(await rows(database, "SELECT id FROM appointment_requests"))


async def test_d36_the_same_key_and_body_is_the_same_201_and_location(idle: Api, database: Database) -> None:
    first = await create(idle.alice, "key")
    again = [await create(idle.alice, "key") for _ in range(3)]
    assert {answer.status_code for answer in (first, *again)} == {201}
    assert {answer.headers["location"] for answer in again} == {first.headers["location"]}
    assert {answer.content for answer in again} == {b""}
    assert await requests_made(database) == 1
    assert await kinds(database, number_of(first)) == ["created"]
    assert len(await rows(database, "SELECT id FROM jobs")) == 1


async def test_d36_without_a_key_each_creation_makes_one(idle: Api, database: Database) -> None:
    assert await idle.created(1) != await idle.created(1)
    assert await requests_made(database) == 2


async def test_d36_other_keys_make_other_requests(idle: Api) -> None:
    keys = ["a", "A", "b", "a b", "aa", "~", "1", "01"]
    assert len({number_of(await create(idle.alice, key)) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("order_id", "day"),
    [
        pytest.param(2, DAY, id="d36-another-order"),
        pytest.param(1, "2026-12-11", id="d36-another-date"),
        pytest.param(2, "2026-12-11", id="d36-both"),
    ],
)
async def test_the_same_key_with_another_body_is_422(
    database: Database, issuer: Issuer, order_id: int, day: str
) -> None:
    async with served_at(database, issuer, MOMENT, with_worker=False) as (api, _):
        first = await create(api.alice, "key", 1, DAY)
        answer = await create(api.alice, "key", order_id, day)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
        again = await create(api.alice, "key", 1, DAY)
    assert again.headers["location"] == first.headers["location"]
    assert await requests_made(database) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"dateFrom":"%s","orderId":1}', id="d36-other-order-of-keys"),
        pytest.param(b'{ "orderId" : 1.0 ,\n"dateFrom":"%s"}', id="d36-other-spelling"),
        pytest.param(b'{"orderId":1,"dateFrom":"%s","note":"x"}', id="d36-unknown-field"),
    ],
)
async def test_a_body_that_means_the_same_is_the_same_body(idle: Api, body: bytes) -> None:
    day = tomorrow(idle.alice)
    first = await create(idle.alice, "key", 1, day)
    again = await idle.alice.request("POST", CREATE, content=body % day.encode(), headers={"Idempotency-Key": "key"})
    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])


async def test_d36_a_key_is_its_owners_own(idle: Api) -> None:
    of_alice = await create(idle.alice, "key", 1)
    of_bob = await create(idle.bob, "key", 11)
    assert of_bob.status_code == 201
    assert of_bob.headers["location"] != of_alice.headers["location"]
    assert (await create(idle.bob, "key", 11)).headers["location"] == of_bob.headers["location"]


async def test_d36_the_location_stays_whatever_became_of_the_request(api: Api) -> None:
    first = await create(api.alice, "key")
    request_id = number_of(first)
    await api.settled(lambda: api.alice.read(request_id))
    assert (await create(api.alice, "key")).headers["location"] == first.headers["location"]
    await api.alice.cancel(request_id)
    assert (await create(api.alice, "key")).headers["location"] == first.headers["location"]
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("moved", "same"),
    [
        pytest.param({"hours": 23, "minutes": 59}, True, id="d36-within-24-h"),
        pytest.param({"hours": 24, "minutes": 1}, False, id="d36-after-24-h"),
        pytest.param({"days": 9}, False, id="d36-much-later"),
    ],
)
async def test_a_key_lives_for_24_hours(
    serve: Serve, issuer: Issuer, clock: Clock, moved: dict[str, float], *, same: bool
) -> None:
    """By the service's clock; when the key was used is by the database's."""
    async with serve(with_worker=False) as api:
        alice = api.caller(issuer.token(iat=0, exp=2**33))
        far = str(clock().date() + timedelta(days=30))
        first = await create(alice, "key", 1, far)
        clock.move(**moved)
        again = await create(alice, "key", 1, far)
        assert again.status_code == 201
        assert (again.headers["location"] == first.headers["location"]) is same
        assert (await create(alice, "key", 2, far)).status_code == (422 if same else 201)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b"k" * 255, id="d36-255-characters"),
        pytest.param(b"k", id="d36-one-character"),
        pytest.param(bytes(range(0x21, 0x7F)), id="d36-every-printable-character"),
        pytest.param(b"two words", id="d36-a-space-within"),
        pytest.param(b'"quoted"', id="d36-as-a-structured-field"),
        pytest.param(b"' OR 1=1; --", id="d36-sql"),
    ],
)
async def test_a_key_of_printable_ascii_is_taken(idle: Api, key: bytes) -> None:
    first, again = await create_raw(idle.alice, key), await create_raw(idle.alice, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"]


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([b"k" * 256], id="d36-256-characters"),
        pytest.param([b"k" * 5000], id="d36-5000-characters"),
        pytest.param([b""], id="d36-empty"),
        pytest.param([b"  \t "], id="d36-white-space-only"),
        pytest.param(["schl\u00fcssel".encode()], id="d36-utf-8"),
        pytest.param(["schl\u00fcssel".encode("latin-1")], id="d36-latin-1"),
        pytest.param([b"a\tb"], id="d36-a-tab-within"),
        pytest.param([b"a\x7f"], id="d36-delete"),
        pytest.param([b"a\x00"], id="d36-nul"),
        pytest.param([b"a", b"b"], id="d36-two-headers"),
        pytest.param([b"a", b"a"], id="d36-twice-the-same-header"),
        pytest.param([b"", b"a"], id="d36-an-empty-one-and-another"),
    ],
)
async def test_any_other_key_is_400_and_creates_nothing(idle: Api, database: Database, keys: list[bytes]) -> None:
    answer = await create_raw(idle.alice, *keys)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-idempotency-key")
    assert await requests_made(database) == 0


async def test_d36_white_space_around_the_key_is_not_part_of_it(idle: Api) -> None:
    found = [number_of(await create_raw(idle.alice, key)) for key in (b"key", b" key", b"key\t ", b"\tkey")]
    assert len(set(found)) == 1


async def test_d36_a_refused_creation_does_not_use_the_key_up(idle: Api, database: Database) -> None:
    assert (await create(idle.alice, "key", 999)).status_code == 404
    assert (await create(idle.alice, "key", 1, "2020-01-01")).status_code == 422
    assert (await create(idle.alice, "key", "text")).status_code == 422
    assert (await create(idle.alice, "key", 2)).status_code == 201
    assert await requests_made(database) == 1


async def test_d36_while_the_first_is_still_running_the_second_is_409(
    idle: Api, database: Database, database_url: str
) -> None:
    async with held(database_url, "orders", 1):
        tasks = [asyncio.create_task(create(idle.alice, "key")) for _ in range(2)]
        done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ((refused,), (first,)) = done, running
        answer = await refused
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-in-use")
        assert int(answer.headers["retry-after"]) >= 1
        # Another body, and another key or owner, while it runs.
        assert (await create(idle.alice, "key", 2)).status_code == 409
    created = await first
    assert (await create(idle.alice, "key")).headers["location"] == created.headers["location"]
    assert (await create(idle.alice, "key", 2)).status_code == 422
    assert await requests_made(database) == 1


@pytest.mark.engines("postgresql")
async def test_d36_still_running_in_another_process_is_409(
    idle: Api, database: Database, database_url: str, issuer: Issuer, clock: Clock
) -> None:
    other = Database(database_url)
    async with serve_in_process(other, issuer, clock, with_worker=False) as neighbour:
        async with held(database_url, "orders", 1):
            first = asyncio.create_task(create(idle.alice, "key"))
            await until_one_waits(database_url)
            answer = await create(neighbour.alice, "key")
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-in-use")
            assert (await create(neighbour.alice, "other", 2)).status_code == 201
            assert (await create(neighbour.bob, "key", 11)).status_code == 201
        created = await first
        assert (await create(neighbour.alice, "key")).headers["location"] == created.headers["location"]
    await other.close()
    assert await requests_made(database) == 3


@pytest.mark.parametrize("processes", [1, 2])
async def test_d36_of_many_at_once_one_creates_and_the_others_find_it(
    idle: Api, database: Database, database_url: str, issuer: Issuer, clock: Clock, processes: int
) -> None:
    other = Database(database_url)
    async with serve_in_process(other, issuer, clock, with_worker=False) as neighbour:
        apis = [idle, neighbour][:processes]
        answers = await asyncio.gather(*(create(apis[n % processes].alice, "key") for n in range(24)))
    await other.close()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.headers["location"] for answer in answers if answer.status_code == 201}) == 1
    assert await requests_made(database) == 1


@pytest.mark.parametrize("path", [CANCEL, BOOK])
async def test_d36_other_calls_do_not_look_at_it(idle: Api, path: str) -> None:
    body = {"appointmentRequestId": 987654, "slotId": "a"}
    for key in ("key", "k" * 256):
        answer = await idle.alice.request("POST", path, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 404
