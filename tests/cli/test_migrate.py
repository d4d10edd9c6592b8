"""`migrate`: the schema brought up to date, or looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.cli.program import invoke, run, settings
from tests.throwaway_postgres import Server

SERVE = {"public_url": "https://connect.test", "issuer": "https://issuer.test", "audience": "any"}


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    asyncio.run(administer(server, "CREATE DATABASE empty_of_test_migrate"))
    yield server.url("empty_of_test_migrate")
    asyncio.run(administer(server, "DROP DATABASE empty_of_test_migrate WITH (FORCE)"))


async def administer(server: Server, statement: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(statement)
    await connection.close()


def test_it_migrates_and_checks(empty_url: str) -> None:
    env = settings(database_url=empty_url)
    before = run("migrate", "--check", env=env)
    assert (before.returncode, before.stdout) == (1, "the schema is not there yet\n")
    assert before.stderr.startswith("connect-appointments: the schema is not current")

    done = invoke("migrate", env=env)
    assert done.exit_code == 0
    assert done.output.startswith("migrated the schema from nothing to ")

    after = invoke("migrate", "--check", "--json", env=env)
    assert after.exit_code == 0
    found = json.loads(after.output)
    assert found["current"]
    assert found["before"] == found["after"] == done.output.split()[-1]


@pytest.mark.parametrize("command", ["migrate --check", "verify", "serve", "orders list"])
def test_what_only_looks_at_a_sqlite_database_makes_no_file(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), env=settings(**SERVE, database_url=f"sqlite:///{tmp_path / 'none.db'}"))
    assert done.returncode == 1
    assert "migrate" in done.stderr or "not current" in done.stderr
    assert list(tmp_path.iterdir()) == []
