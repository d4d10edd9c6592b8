"""Connecting to PostgreSQL: how a URL names its hosts, and what a host may cost that does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.connector import Connector
from connect_appointments.store.postgresql.hosts import hosts_of
from tests.store.given import execute, rows, until
from tests.throwaway_postgres import Server, free_port

QUICK = DatabaseOptions(connect_timeout_seconds=0.5)


async def connect(url: str, options: DatabaseOptions, **settings: str) -> Any:
    return await Connector(url, options).connect(**settings)


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        ("postgresql://u:p@h/db", ["postgresql://u:p@h/db"]),
        ("postgres://u@h:5433/db", ["postgres://u@h:5433/db"]),
        ("postgresql+asyncpg://u@h/db", ["postgresql://u@h/db"]),
        ("postgresql://h", ["postgresql://h"]),
        ("postgresql:///db", ["postgresql:///db"]),
        ("postgresql://u@/db", ["postgresql://u@/db"]),
        ("postgresql://u:p@a,b:5433,c/db", [f"postgresql://u:p@{host}/db" for host in ("a", "b:5433", "c")]),
        ("postgresql://u:p%40ss%2Fw%3Fr%23d%2C@a,b/db", [f"postgresql://u:p%40ss%2Fw%3Fr%23d%2C@{h}/db" for h in "ab"]),
        ("postgresql://u:p@/db?host=a:5432&host=b", ["postgresql://u:p@a:5432/db", "postgresql://u:p@b/db"]),
        ("postgresql:///db?host=a,b&user=u", ["postgresql://a/db?user=u", "postgresql://b/db?user=u"]),
        ("postgresql://u@x/db?host=a", ["postgresql://u@a/db"]),
        ("postgresql://u@a,b/db?port=6432", ["postgresql://u@a:6432/db", "postgresql://u@b:6432/db"]),
        ("postgresql://u@/db?host=a,b&port=1,2", ["postgresql://u@a:1/db", "postgresql://u@b:2/db"]),
        ("postgresql://u@[::1]/db", ["postgresql://u@[::1]/db"]),
        ("postgresql://u@[::1]:5433/db", ["postgresql://u@[::1]:5433/db"]),
        (
            "postgresql://u@a,[::1]:5433,[fe80::2]/db",
            [f"postgresql://u@{h}/db" for h in ("a", "[::1]:5433", "[fe80::2]")],
        ),
        ("postgresql://u@[::1],b/db?port=6432", ["postgresql://u@[::1]:6432/db", "postgresql://u@b:6432/db"]),
        ("postgresql://u@/db?host=::1&port=6432", ["postgresql://u@[::1]:6432/db"]),
        ("postgresql://u@/db?host=/run/postgresql", ["postgresql://u@%2Frun%2Fpostgresql/db"]),
        ("postgresql://u@%2Frun%2Fpostgresql/db", ["postgresql://u@%2Frun%2Fpostgresql/db"]),
        ("postgresql://u@h/db?sslmode=require&connect_timeout=3", ["postgresql://u@h/db?sslmode=require"]),
        ("postgresql://u@h/db?target_session_attrs=any&options=-c%20x%3D1", ["postgresql://u@h/db?options=-c+x%3D1"]),
    ],
)
def test_a_url_is_split_into_one_a_host(url: str, urls: list[str]) -> None:
    assert hosts_of(url).urls == urls


@pytest.mark.parametrize(("attribute", "wanted"), [("any", False), ("read-write", True), ("primary", True)])
def test_a_url_says_whether_it_wants_writes(attribute: str, wanted: bool) -> None:  # noqa: FBT001 - the answer
    assert hosts_of(f"postgresql://u@a,b/db?target_session_attrs={attribute}") == (
        ["postgresql://u@a/db", "postgresql://u@b/db"],
        wanted,
    )
    assert not hosts_of("postgresql://u@a,b/db").wants_writes


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql",
        "postgresql:h/db",
        "postgresql://u@a,b/db?port=1,2,3",
        "postgresql://u@a/db?target_session_attrs=standby",
        "postgresql://u@a/db?target_session_attrs=read-wrote",
    ],
)
def test_a_url_that_is_not_understood_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"database URL|target_session_attrs") as raised:
        hosts_of(url.replace("u@", "u:secret@"))
    assert "secret" not in str(raised.value)


async def _works(connection: Any) -> bool:
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()


def _after(first: str, server: Server, more: str = "") -> str:
    """A URL that names a host before the one that works."""
    return server.url("postgres").replace("@", f"@{first},") + more


@contextlib.asynccontextmanager
async def _silent() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """A host that accepts connections and never answers, and those it has accepted."""
    accepted: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)

    async with await asyncio.start_server(accept, "127.0.0.1") as listening:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}", accepted
        for writer in accepted:
            writer.close()


async def test_a_host_that_never_answers_costs_its_own_time_and_no_more(postgres: Server) -> None:
    async with _silent() as (silent, accepted):
        start = time.monotonic()
        assert await _works(await connect(_after(silent, postgres), QUICK))
        assert QUICK.connect_timeout_seconds <= time.monotonic() - start < QUICK.connect_timeout_seconds + 1.5
        # Given up, not left open.
        await until(lambda: _all_ended(accepted))
        assert len(accepted) >= 1


async def _all_ended(accepted: list[asyncio.StreamWriter]) -> bool:
    for writer in accepted:
        writer.write(b"N")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    return all(writer.transport.is_closing() for writer in accepted)


async def test_a_host_that_refuses_costs_nothing(postgres: Server) -> None:
    url = _after(f"127.0.0.1:{free_port()}", postgres)
    start = time.monotonic()
    assert await _works(await connect(url, DatabaseOptions(connect_timeout_seconds=30)))
    assert time.monotonic() - start < 10


async def test_a_host_whose_name_is_not_known_is_passed_over(postgres: Server) -> None:
    assert await _works(await connect(_after("there-is-no-such-host.invalid", postgres), QUICK))


async def test_a_host_that_speaks_something_else_is_passed_over(postgres: Server) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as listening:
        port = listening.sockets[0].getsockname()[1]
        assert await _works(await connect(_after(f"127.0.0.1:{port}", postgres), QUICK))


async def test_when_no_host_answers_the_last_ones_error_is_raised() -> None:
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await connect(f"postgresql://u@127.0.0.1:{free_port()},127.0.0.1:{free_port()}/db", QUICK)


async def test_a_wrong_database_is_an_error_of_the_server(postgres: Server) -> None:
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await connect(postgres.url("there_is_no_such_database"), QUICK)


@pytest.fixture
async def reading_url(postgres: Server) -> AsyncIterator[str]:
    """The URL of a database that accepts no writes, as a standby does."""
    administrator = await asyncpg.connect(postgres.url("postgres"))
    await administrator.execute("CREATE DATABASE only_reads")
    await administrator.execute("ALTER DATABASE only_reads SET default_transaction_read_only = on")
    yield postgres.url("only_reads")
    await administrator.execute("DROP DATABASE only_reads WITH (FORCE)")
    await administrator.close()


@pytest.mark.parametrize("wanted", ["read-write", "primary"])
async def test_a_host_that_only_reads_is_passed_over_where_writes_are_wanted(reading_url: str, wanted: str) -> None:
    with pytest.raises(ConnectionError, match="accepts no writes"):
        await connect(f"{reading_url}?target_session_attrs={wanted}", QUICK)


async def test_a_host_that_only_reads_will_do_where_no_writes_are_wanted(reading_url: str) -> None:
    assert await _works(await connect(reading_url, QUICK))


async def test_a_host_passed_over_is_left_at_once(reading_url: str, postgres: Server) -> None:
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await connect(f"{reading_url}?target_session_attrs=read-write", QUICK)
    administrator = await asyncpg.connect(postgres.url("postgres"))
    left = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'only_reads'"
    await until(lambda: administrator.fetchval(left))
    await administrator.close()


async def test_the_service_says_its_name_and_keeps_to_its_limits(postgres: Server) -> None:
    options = DatabaseOptions(lock_timeout_seconds=1.5, statement_timeout_seconds=2.5)
    connection = await connect(postgres.url("postgres"), options, jit="off")
    shown = {
        name: await connection.fetchval(f"SHOW {name}")
        for name in ("application_name", "lock_timeout", "statement_timeout", "jit")
    }
    await connection.close()
    assert shown == {
        "application_name": "connect-appointments",
        "lock_timeout": "1500ms",
        "statement_timeout": "2500ms",
        "jit": "off",
    }


async def test_a_database_of_several_hosts_is_used_through_the_first_that_answers(postgres: Server) -> None:
    database = Database(_after(f"127.0.0.1:{free_port()}", postgres, "?target_session_attrs=read-write"))

    assert await rows(database, "SELECT 1") == [(1,)]
    await execute(database, "CREATE TEMPORARY TABLE written (here INTEGER)")
    await database.close()
