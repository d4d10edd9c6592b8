"""Going back to a moment on PostgreSQL: the documented settings and commands, as they stand, on a server of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.verify import RULES
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.cli.documented import FOLDER, blocks_under, shell
from tests.cli.program import run, settings
from tests.postgres_processes import give, identity
from tests.throwaway_postgres import Server, free_port, running_postgres

SETTINGS, BASE, RESTORE = range(3)
AT_A_POINT = "PostgreSQL, at a point in time"


@pytest.fixture
def primary() -> Iterator[Server]:
    """A server that flushes, with the documented settings."""
    with running_postgres(durable=True, databases=["connect"]) as server:
        for name in ("", "wal"):
            (server.folder / "kept" / name).mkdir()
            give(server.folder / "kept" / name)
        asyncio.run(configure(server))
        server.restart()
        yield server


async def configure(server: Server) -> None:
    connection = await asyncpg.connect(server.url("connect"))
    lines = blocks_under(AT_A_POINT)[SETTINGS].splitlines()
    for line in lines:
        name, value = re.fullmatch(r"(\w+) = '?(.*?)'?", line).groups()  # type: ignore[union-attr]  # or the test fails
        value = value.replace(FOLDER, str(server.folder / "kept")).replace("'", "''")
        await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.close()


def as_the_database(server: Server, block: int, **variables: str) -> None:
    """Run a documented block as the database's user."""
    commands = blocks_under(AT_A_POINT)[block]
    shell(commands, server.folder / "kept", server.binaries, variables, cwd=server.folder, **identity())


@asynccontextmanager
async def service_on(url: str, issuer: Issuer) -> AsyncIterator[tuple[Api, Database]]:
    database = Database(url)
    await schema.migrate(database)
    async with serve_in_process(database, issuer, Clock()) as api:
        yield api, database
    await database.close()


async def moment(url: str) -> str:
    connection = await asyncpg.connect(url)
    found = await connection.fetchval("SELECT clock_timestamp()::text")
    await connection.close()
    return str(found)


@pytest.fixture
def restored(primary: Server) -> Iterator[dict[str, str]]:
    """Where the restored server is to be: its folder, its port, its URL; stopped at the end if it was started."""
    folder, port = primary.folder / "restored", free_port()
    yield {
        "PGDATA": str(folder),
        "PGPORT": str(port),
        "RESTORED_URL": f"postgresql://postgres@127.0.0.1:{port}/connect",
    }
    if (folder / "postmaster.pid").exists():
        stop = 'pg_ctl stop --mode=immediate -D "$PGDATA"'
        shell(stop, folder, primary.binaries, {"PGDATA": str(folder)}, cwd=primary.folder, **identity())


async def test_the_documented_commands_go_back_to_a_moment(
    primary: Server, restored: dict[str, str], issuer: Issuer
) -> None:
    url = primary.url("connect")
    async with service_on(url, issuer) as (api, database):
        await fill(database, Clock()())
        in_base = await api.opened(1)
        as_the_database(primary, BASE, DATABASE_URL=url)
        after_base, _ = await api.opened(2)
        assert (await api.alice.cancel(after_base)).status_code == 204
        restored["MOMENT"] = await moment(url)
        too_late = await api.created(3)
        assert (await api.alice.cancel(in_base[0])).status_code == 204
    # In order, by which the last piece of the log is archived.
    primary.stop()
    as_the_database(primary, RESTORE, **restored)

    env = settings(database_url=restored["RESTORED_URL"])
    assert check(env, "migrate", "--check") == f"the schema is {schema.head()}\n"
    assert check(env, "verify") == f"all {len(RULES)} rules hold\n"
    async with service_on(restored["RESTORED_URL"], issuer) as (api, _):
        assert (await api.alice.read(in_base[0])).json()["slots"] == in_base[1]
        assert (await api.alice.read(after_base)).json()["status"] == "cancelled"
        assert (await api.alice.read(too_late)).status_code == 404


def check(env: dict[str, str], *arguments: str) -> str:
    done = run(*arguments, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
