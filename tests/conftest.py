"""What every test can ask for: a database of its own on each engine, and the service on top of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.postgres_databases import Databases
from tests.throwaway_postgres import Server, running_postgres

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop the service runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL; without one the tests fail."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_databases(postgres: Server) -> Databases:
    """The migrated databases on it."""
    databases = Databases(postgres)
    asyncio.run(databases.make_template())
    return databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


async def _migrate(url: str) -> None:
    database = Database(url)
    await schema.migrate(database)
    await database.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine in turn."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that no other test uses, migrated and empty."""
    with migrated_database(engine, request, tmp_path) as url:
        yield url


@contextmanager
def migrated_database(engine: str, request: pytest.FixtureRequest, folder: Path, *settings: str) -> Iterator[str]:
    """Give the URL of a migrated, empty database; SQLite's file is made in `folder`, PostgreSQL's has `settings`."""
    if engine == "sqlite":
        path = folder / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    with databases.lend(*settings) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database nobody else uses, migrated and empty."""
    found = Database(database_url)
    yield found
    await found.close()


@pytest.fixture
def clock() -> Clock:
    """A clock that shows the true time until a test moves it."""
    return Clock()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """An issuer with a key made for this run."""
    return Issuer()


@pytest.fixture
async def api(database: Database, issuer: Issuer, clock: Clock) -> AsyncIterator[Api]:
    """The service with a worker, on sample orders 1 to 9 of Alice and 11 to 19 of Bob, with room for them all."""
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock) as found:
        yield found


@pytest.fixture
def serve(database: Database, issuer: Issuer, clock: Clock):  # noqa: ANN201 - a context manager, as its name says
    """Start the same, with anything in the plan changed."""

    @asynccontextmanager
    async def start(**changes: object) -> AsyncIterator[Api]:
        await fill(database, clock())
        async with serve_in_process(database, issuer, clock, **changes) as found:
            yield found

    return start
