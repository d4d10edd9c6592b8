"""More than the service can hold: 503 before any change, and what was accepted is finished (D26)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import asyncpg
import httpx2
import pytest
import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.tables import appointment_requests, bookings
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.options import ServiceOptions
from tests.api.wire import Serve
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer, fill

pytestmark = pytest.mark.engines("sqlite", "postgresql")

COUNTED = (appointment_requests, bookings)


@asynccontextmanager
async def nobody_writes(database: Database) -> AsyncIterator[None]:
    """Hold the appointment-requests so that every change waits, as a slow database would."""
    if database.is_sqlite:
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        return
    holder = await asyncpg.connect(database.url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE appointment_requests IN ACCESS EXCLUSIVE MODE")
        yield
    await holder.close()


def check_overloaded(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0


async def test_d26_what_cannot_wait_is_503_at_once_and_what_can_is_finished(database: Database, serve: Serve) -> None:
    waiting, in_flight, callers = 2, 1, 10
    async with serve(service=ServiceOptions(max_waiting=waiting)) as api:
        ids = [(await api.opened(1))[0] for _ in range(callers)]
        async with nobody_writes(database):
            tasks = [asyncio.create_task(api.alice.cancel(number)) for number in ids]
            refused: set[asyncio.Task[httpx2.Response]] = set()
            async with asyncio.timeout(5):
                while len(refused) < callers - waiting - in_flight:
                    refused, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    await asyncio.sleep(0)
        answers = await asyncio.gather(*tasks)
        for task in refused:
            check_overloaded(task.result())
        for number, answer in zip(ids, answers, strict=True):
            assert answer.status_code in {204, 503}
            found = (await api.alice.read(number)).json()["status"]
            assert found == ("cancelled" if answer.status_code == 204 else "open")
        assert 1 <= [answer.status_code for answer in answers].count(204) <= waiting + in_flight
        for number in ids:
            assert (await api.alice.cancel(number)).status_code == 204


async def test_d26_every_call_is_503_when_none_may_wait(serve: Serve) -> None:
    async with serve(service=ServiceOptions(max_waiting=0), with_worker=False) as api:
        check_overloaded(await api.alice.create(1))
        check_overloaded(await api.alice.create(1, headers={"Idempotency-Key": "key"}))
        check_overloaded(await api.alice.cancel(1))
        check_overloaded(await api.alice.read(1))
        check_overloaded(await api.alice.book(1, "slot"))
        check_overloaded(await api.alice.read_booking(1))


async def test_d26_what_is_refused_before_the_database_is_refused_as_ever(serve: Serve) -> None:
    async with serve(service=ServiceOptions(max_waiting=0), with_worker=False) as api:
        assert (await api.alice.cancel("x")).status_code == 422
        assert (await api.alice.cancel(1, headers={"Authorization": None})).status_code == 401
        assert (await api.alice.request("GET", "/livez")).status_code == 200


async def creations(api: Api, count: int) -> list[httpx2.Response]:
    return list(await asyncio.gather(*(api.alice.create(1) for _ in range(count))))


@pytest.mark.parametrize("call", ["create", "book"])
async def test_d26_more_changes_than_connections_are_refused_in_time_and_change_nothing(
    database_url: str, issuer: Issuer, call: str
) -> None:
    options = DatabaseOptions(pool_size=2, lock_timeout_seconds=0.2, statement_timeout_seconds=0.3)
    database = Database(database_url, options)
    clock = Clock()
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        request_id = await api.created(1)
        async with nobody_writes(database), asyncio.timeout(15):
            if call == "create":
                answers = await creations(api, 6)
            else:
                answers = list(await asyncio.gather(*(api.alice.book(request_id, f"{n}") for n in range(6))))
        assert {answer.status_code for answer in answers} <= {500, 503}
        assert all("retry-after" in answer.headers for answer in answers)
        assert await database.read(count_rows) == (1, 0)
        assert (await api.alice.create(1)).status_code == 201
        assert await database.read(count_rows) == (2, 0)
    await database.close()


async def count_rows(transaction: Transaction) -> tuple[int, int]:
    """How many appointment-requests and booking attempts there are."""
    queries = [sa.select(sa.func.count().label("rows")).select_from(table) for table in COUNTED]
    found = [(await transaction.fetch(query))[0].rows for query in queries]
    return found[0], found[1]
