"""Of several hosts the one that accepts writes: how it is found, when it is given up, and that the past is past."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.primary import Primary
from connect_appointments.store.transaction import Transaction
from tests.faults.proxy import Proxy
from tests.store.given import until
from tests.throwaway_postgres import Server, running_postgres

OPTIONS = DatabaseOptions(connect_timeout_seconds=10)
SILENCE_SECONDS = 0.3


@pytest.fixture(scope="module")
def promoted() -> Iterator[Server]:
    """A primary that was promoted once, as a standby is."""
    with running_postgres() as server:
        server.stop()
        with (server.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            # Else it says that it is ready before it is promoted.
            file.write("restore_command = 'false'\nhot_standby = off\n")
        (server.folder / "data" / "recovery.signal").touch()
        server.start()
        yield server


@asynccontextmanager
async def watched(*urls: str) -> AsyncIterator[Primary]:
    primary = Primary(urls, OPTIONS, silence_seconds=SILENCE_SECONDS)
    try:
        yield primary
    finally:
        await primary.close()


@asynccontextmanager
async def through(server: Server) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before a server, and the URL that leads through it."""
    proxy = Proxy(server.port)
    await proxy.open()
    yield proxy, server.url("postgres").replace(f":{server.port}/", f":{proxy.port}/")
    proxy.close()


async def port_of(connection: Any) -> Any:
    try:
        return await connection.fetchval("SELECT current_setting('port')::int")
    finally:
        await connection.close()


async def refuses_the_past(primary: Primary) -> bool:
    with pytest.raises(OSError, match=r"refused|Connect call failed|older timeline") as refusal:
        await primary.connect({})
    return "older timeline" in str(refusal.value)


async def ended(connection: Any) -> bool:
    return bool(connection.is_closed())


async def test_of_two_that_accept_writes_the_one_promoted_last_is_the_primary(
    postgres: Server, promoted: Server
) -> None:
    for urls in [(postgres, promoted), (promoted, postgres)]:
        async with watched(*(server.url("postgres") for server in urls)) as primary:
            assert await port_of(await primary.connect({})) == promoted.port


async def test_a_primary_of_the_past_is_never_believed_again(postgres: Server, promoted: Server) -> None:
    async with through(promoted) as (proxy, url), watched(postgres.url("postgres"), url) as primary:
        connection = await primary.connect({})
        proxy.close()
        await until(lambda: refuses_the_past(primary))
        assert connection.is_closed()
        await proxy.open()
        assert await port_of(await primary.connect({})) == promoted.port


async def test_when_the_primary_falls_silent_every_connection_to_it_ends_also_one_in_use(postgres: Server) -> None:
    async with through(postgres) as (proxy, url), watched(url, url) as primary:
        idle, used = await primary.connect({}), await primary.connect({})
        proxy.flowing.clear()
        with pytest.raises(asyncpg.PostgresConnectionError):
            await used.fetchval("SELECT 1", timeout=20)
        assert idle.is_closed()
        proxy.flowing.set()
        assert await port_of(await primary.connect({})) == postgres.port


async def test_when_the_primary_stops_accepting_writes_every_connection_to_it_ends() -> None:
    with running_postgres(databases=["own"]) as server:
        async with watched(server.url("own"), server.url("own")) as primary:
            connection = await primary.connect({})
            await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            await connection.fetchval("SELECT pg_reload_conf()")
            await until(lambda: ended(connection))
            with pytest.raises(ConnectionError, match="accepts no writes"):
                await primary.connect({})


async def test_those_who_look_for_the_primary_at_once_share_one_search(postgres: Server) -> None:
    async with watched(postgres.url("postgres"), postgres.url("postgres")) as primary:
        connections = await asyncio.gather(*(primary.connect({"application_name": "shared"}) for _ in range(5)))
        mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shared'"
        assert await connections[0].fetchval(mine) == 5
        watching = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'connect-appointments'"
        # The host is named twice, and what was opened to look is closed but for the one that watches.
        await until(lambda: _is(connections[0].fetchval(watching), 1))


async def _is(found: Any, expected: int) -> bool:
    return bool(await found == expected)


async def test_one_that_gives_up_waiting_does_not_end_the_search_of_the_others(postgres: Server) -> None:
    async with watched(postgres.url("postgres"), postgres.url("postgres")) as primary:
        impatient = asyncio.create_task(primary.connect({}))
        patient = asyncio.create_task(primary.connect({}))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await port_of(await patient) == postgres.port


async def test_a_pool_whose_connections_all_ended_makes_new_ones_at_once(postgres: Server) -> None:
    database = Database(postgres.url("postgres"), DatabaseOptions(pool_size=15))

    async def one(transaction: Transaction) -> int:
        return int((await transaction.fetch(sa.text("SELECT pg_backend_pid() AS pid, pg_sleep(0.1)")))[0].pid)

    pids = set(await asyncio.gather(*(database.write(one) for _ in range(15))))
    assert len(pids) == 15
    administrator = await asyncpg.connect(postgres.url("postgres"))
    await administrator.fetch("SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) pid", list(pids))
    await administrator.close()
    # Not by the database, which would try again.
    assert await database._engine.write(one, batch=False, one_statement=False) not in pids
    await database.close()
