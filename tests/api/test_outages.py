"""What callers hear while something the service depends on is gone (D23), and that nothing they did is half done."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from tests.api.wire import Serve
from tests.api_client import Api, number_of, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.throwaway_postgres import Server, free_port, running_postgres

pytestmark = pytest.mark.engines("sqlite", "postgresql")

UNEXPECTED = "There was an unexpected error processing the request"
CALLS: dict[str, Callable[[Api], Awaitable[httpx2.Response]]] = {
    "cancel": lambda api: api.alice.cancel(1),
    "create": lambda api: api.alice.create(1),
    "create with a key": lambda api: api.alice.create(1, headers={"Idempotency-Key": "k"}),
    "read": lambda api: api.alice.read(1),
    "book": lambda api: api.alice.book(1, "x"),
    "read_booking": lambda api: api.alice.read_booking(1),
}


def check_unavailable(answer: httpx2.Response, code: str = "temporarily-unavailable") -> None:
    """A 500 as documented, which says when to ask again."""
    assert (answer.status_code, answer.json()["code"]) == (500, code)
    assert answer.json()["title"] == UNEXPECTED
    assert int(answer.headers["retry-after"]) > 0


async def readiness(api: Api) -> tuple[int, dict[str, str]]:
    answer = await api.alice.request("GET", "/readyz", headers={"Authorization": None, "X-API-VERSION": None})
    return answer.status_code, answer.json()


async def until_readiness_is(api: Api, status: int) -> dict[str, str]:
    """Ask until it is so; give what it says."""
    async with asyncio.timeout(20):
        while True:
            found, body = await readiness(api)
            if found == status:
                return body
            await asyncio.sleep(0.05)


@asynccontextmanager
async def without_a_database(url: str, issuer: Issuer) -> AsyncIterator[Api]:
    database = Database(url, DatabaseOptions(connect_timeout_seconds=0.5))
    async with serve_in_process(database, issuer, Clock()) as api:
        yield api
    await database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_d23_without_a_database_every_call_is_500_and_readiness_is_red(
    issuer: Issuer, kind: str, tmp_path: Path
) -> None:
    nowhere = {
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/x.db",
        "postgresql": f"postgresql://postgres@127.0.0.1:{free_port()}/x",
    }
    async with without_a_database(nowhere[kind], issuer) as api:
        for answer in await asyncio.gather(*(call(api) for call in CALLS.values())):
            check_unavailable(answer)
        status, body = await readiness(api)
        assert (status, body["database"], body["keys"]) == (503, "unavailable", "ok")
        assert (await api.alice.request("GET", "/livez")).status_code == 200


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_d13_without_a_database_what_is_refused_before_it_is_refused_as_ever(
    issuer: Issuer, kind: str, tmp_path: Path
) -> None:
    nowhere = {"sqlite": f"sqlite:///{tmp_path}/no/x.db", "postgresql": f"postgresql://127.0.0.1:{free_port()}/x"}
    async with without_a_database(nowhere[kind], issuer) as api:
        assert (await api.alice.cancel(1, headers={"Authorization": None})).status_code == 401
        assert (await api.alice.cancel(1, headers={"X-API-VERSION": "8"})).status_code == 400
        assert (await api.alice.cancel("x")).status_code == 422


@pytest.fixture(scope="module")
def own_postgres() -> Any:
    """A PostgreSQL that a test may kill."""
    with running_postgres(databases=["own"], options={"max_connections": "50"}) as server:
        yield server


async def test_d23_a_database_that_dies_and_comes_back_is_500_meanwhile_and_nothing_is_lost(
    own_postgres: Server, issuer: Issuer
) -> None:
    database = Database(own_postgres.url("own"), DatabaseOptions(connect_timeout_seconds=1))
    await schema.migrate(database)
    await fill(database, datetime.now(UTC))
    async with serve_in_process(database, issuer, Clock()) as api:
        request_id, _ = await api.opened(1)
        cancelled_id, _ = await api.opened(2)
        assert (await api.alice.cancel(cancelled_id)).status_code == 204
        await asyncio.to_thread(own_postgres.stop)
        for call in CALLS.values():
            check_unavailable(await call(api))
        assert (await until_readiness_is(api, 503))["database"] == "unavailable"
        await asyncio.to_thread(own_postgres.start)
        assert (await until_readiness_is(api, 200))["status"] == "ok"
        assert (await api.alice.read(request_id)).json()["status"] == "open"
        assert (await api.alice.read(cancelled_id)).json()["status"] == "cancelled"
        assert (await api.alice.cancel(cancelled_id)).status_code == 204
        assert (await api.alice.cancel(request_id)).status_code == 204
        assert number_of(await api.alice.create(1)) > cancelled_id
    await database.close()


async def no_keys() -> list[Any]:
    raise OSError("the issuer is down")


async def test_d23_without_a_key_a_token_is_500_and_not_401(serve: Serve, issuer: Issuer) -> None:
    async with serve(keys=no_keys) as api:
        for call in CALLS.values():
            check_unavailable(await call(api))
        check_unavailable(await api.caller(Issuer("another").token()).cancel(1))
        status, body = await readiness(api)
        assert (status, body["keys"], body["database"]) == (503, "unavailable", "ok")
        for header in (None, "", "Basic x", "Bearer x", f"Bearer {issuer.token()} "[:-3] + "=="):
            answer = await api.alice.cancel(1, headers={"Authorization": header})
            assert answer.status_code == 401


async def test_d23_keys_that_come_late_are_used_without_a_restart(serve: Serve, issuer: Issuer) -> None:
    members: list[Any] = []

    async def keys() -> list[Any]:
        return members

    async with serve(keys=keys) as api:
        members += issuer.jwks()
        request_id = await api.created(1)
        assert (await api.alice.cancel(request_id)).status_code == 204
        assert (await readiness(api))[0] == 200


async def test_d23_a_failed_refresh_alone_changes_nothing_but_a_metric(serve: Serve, issuer: Issuer) -> None:
    answers = [issuer.jwks()]

    async def keys() -> list[Any]:
        return answers.pop()

    async with serve(keys=keys) as api:
        before = await failures(api)
        unknown = Issuer("unknown").token()
        assert (await api.caller(unknown).cancel(1)).status_code == 401
        assert await failures(api) == before + 1
        assert (await api.alice.cancel(1)).status_code == 404
        assert (await readiness(api))[0] == 200


async def failures(api: Api) -> float:
    text = (await api.alice.request("GET", "/metrics")).text
    line = next(line for line in text.splitlines() if line.startswith("connect_key_refresh_failures_total "))
    return float(line.rpartition(" ")[2])


async def test_d23_a_bug_is_a_500_with_the_six_headers_and_tells_nothing(database: Database, issuer: Issuer) -> None:
    class Broken(Clock):
        def __call__(self) -> datetime:
            if self.moved:
                raise RuntimeError("the secret of this machine")
            return super().__call__()

    clock = Broken()
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        clock.move(seconds=1)
        answer = await api.alice.request("POST", "/api/connect/orders/appointment-requests/cancel", json={})
        check_unavailable(answer, "unexpected-error")
        assert "secret" not in json.dumps([answer.text, *answer.headers.values()])
        clock.moved *= 0
        assert (await api.alice.cancel(1)).status_code == 404


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is in the middle of a change."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def test_d23_a_locked_sqlite_is_500_for_changes_and_reads_go_on(sqlite_copy: Path, issuer: Issuer) -> None:
    database = Database(f"sqlite:///{sqlite_copy}", DatabaseOptions(lock_timeout_seconds=0.1))
    await fill(database, datetime.now(UTC))
    async with serve_in_process(database, issuer, Clock()) as api:
        request_id, slots = await api.opened(1)
        with locked(sqlite_copy):
            calls = (api.alice.cancel(request_id), api.alice.create(1), api.alice.book(request_id, slots[0]["id"]))
            for answer in await asyncio.gather(*calls):
                check_unavailable(answer)
            assert (await api.alice.read(request_id)).json()["status"] == "open"
            assert (await readiness(api))[0] == 200
        assert (await api.alice.read(request_id)).json()["status"] == "open"
        assert (await api.alice.cancel(request_id)).status_code == 204
    await database.close()
