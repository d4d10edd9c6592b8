"""A backup taken while changes are acknowledged: restored elsewhere it holds together and lacks none of them."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from connect_appointments.store.queries.verify import RULES
from tests.build import Issuer, fill
from tests.cli.acknowledged import Callers
from tests.cli.conftest import Start
from tests.cli.documented import blocks_under, shell
from tests.cli.files import database_at
from tests.cli.program import run, settings, settings_to_serve
from tests.throwaway_postgres import Server

AS_IT_IS = "PostgreSQL, as it is now"


@pytest.fixture
def served(database_url: str, start: Start, issuer: Issuer, tmp_path: Path) -> str:
    """Where the service answers, on a database with the sample orders."""

    async def work() -> None:
        async with database_at(database_url) as database:
            await fill(database, datetime.now(UTC))

    asyncio.run(work())
    env = settings_to_serve(database_url, issuer, tmp_path)
    return start("serve", env=env).line_with("serving on ").split()[-1]


@pytest.fixture
def restored_url(engine: str, database_url: str, tmp_path: Path) -> str:
    """Where the backup is to be put: nothing is there yet."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'elsewhere.db'}"
    return database_url.rpartition("/")[0] + "/connect_restored"


def test_all_that_was_acknowledged_before_a_backup_is_in_it(
    engine: str,
    served: str,
    database_url: str,
    restored_url: str,
    issuer: Issuer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    with Callers(served, issuer.token()).at_work() as callers:
        callers.until(100)
        begun = time.monotonic()
        if engine == "sqlite":
            back_up_sqlite(database_url, tmp_path)
        else:
            back_up_postgresql(request.getfixturevalue("postgres"), database_url, tmp_path)
        ended = time.monotonic()
        callers.until(len(callers.answers) + 20)
    if engine == "sqlite":
        restore_sqlite(restored_url, tmp_path)
    else:
        restore_postgresql(request, restored_url, tmp_path)

    env = settings(database_url=restored_url)
    assert run("verify", env=env).stdout == f"all {len(RULES)} rules hold\n"
    states = states_of(restored_url)
    before = [answer for answer in callers.answers if answer.at < begun]
    assert len(before) >= 100
    assert [answer for answer in callers.answers if begun < answer.at < ended], "nothing went on meanwhile"
    lost = [one for one in before if one.request_id not in states]
    lost += [one for one in before if one.cancelled and states.get(one.request_id) != "cancelled"]
    assert lost == []


def states_of(url: str) -> dict[int, str]:
    done = run("requests", "list", "--json", "--limit", "100000", env=settings(database_url=url))
    return {row["id"]: row["state"] for row in map(json.loads, done.stdout.splitlines())}


def back_up_sqlite(url: str, folder: Path) -> None:
    shell(blocks_under("SQLite")[0], folder, folder, settings(database_url=url))


def restore_sqlite(url: str, folder: Path) -> None:
    shell(blocks_under("SQLite")[1], folder, folder, settings(database_url=url))


def back_up_postgresql(server: Server, url: str, folder: Path) -> None:
    shell(blocks_under(AS_IT_IS)[0], folder, server.binaries, {"DATABASE_URL": url})


def restore_postgresql(request: pytest.FixtureRequest, url: str, folder: Path) -> None:
    server: Server = request.getfixturevalue("postgres")
    maintenance = server.url("postgres")
    request.addfinalizer(lambda: asyncio.run(drop(maintenance, urlsplit(url).path[1:])))
    for block in blocks_under(AS_IT_IS)[1:]:
        shell(block, folder, server.binaries, {"MAINTENANCE_URL": maintenance, "RESTORED_URL": url})


async def drop(maintenance: str, name: str) -> None:
    connection = await asyncpg.connect(maintenance)
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.close()
