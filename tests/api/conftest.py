"""One service per engine for the many tests that need none of their own: each makes its own appointment-requests."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from connect_appointments.store.engine import Database
from tests.api.wire import on_the_wire
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.conftest import ENGINES
from tests.throwaway_postgres import Server


@pytest.fixture(scope="module", params=ENGINES)
def shared_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database of one test module, migrated and empty."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "shared.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"shared_{uuid.uuid4().hex}"
    asyncio.run(_administer(server, f"CREATE DATABASE {name} TEMPLATE template_of_tests"))
    yield server.url(name)
    asyncio.run(_administer(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _administer(server: Server, statement: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
async def shared_api(shared_database_url: str, issuer: Issuer, anyio_backend: object) -> AsyncIterator[Api]:
    """The service as `api` has it, but one for the whole module: leave nothing behind that another test could see."""
    assert anyio_backend
    clock = Clock()
    database = Database(shared_database_url)
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock) as found:
        yield found
    await database.close()


@pytest.fixture(scope="module")
async def port(shared_api: Api) -> AsyncIterator[int]:
    """Where `shared_api` answers on a real socket."""
    async with on_the_wire(shared_api) as found:
        yield found


@pytest.fixture
def sqlite_copy(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file of one's own."""
    return Path(shutil.copy(sqlite_template, tmp_path / "own.db"))
