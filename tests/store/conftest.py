"""The store's tests run on each engine, and once more where every transaction is serializable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.build import BOB, sample_order
from tests.conftest import ENGINES, migrated_database
from tests.postgres_databases import Databases
from tests.store.given import BOBS_ORDER, ORDER, SECOND_ORDER

SERIALIZABLE = "postgresql-serializable"
STORE_ENGINES = (*ENGINES, SERIALIZABLE)
ON_POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql", SERIALIZABLE], indirect=True)
ON_PLAIN_POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture(params=STORE_ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine in turn; the last one makes every transaction serializable."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that no other test uses, migrated and empty."""
    with migrated_database(engine, request, tmp_path, *settings_of(engine)) as url:
        yield url


def settings_of(engine: str) -> list[str]:
    """The settings that make a database one of this engine."""
    return ["default_transaction_isolation = 'serializable'"] if engine == SERIALIZABLE else []


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database that no other test uses, never migrated."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('empty') / 'test.db'}"
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    with databases.lend_empty(*settings_of(engine)) as url:
        yield url


@pytest.fixture
async def database(database: Database) -> Database:
    """A database with two orders of Alice and one of Bob."""
    found = [sample_order(ORDER), sample_order(SECOND_ORDER), sample_order(BOBS_ORDER, BOB)]
    await database.write(lambda transaction: orders.upsert(transaction, found))
    return database


@pytest.fixture
async def neighbour(database: Database) -> AsyncIterator[Database]:
    """The same database as another process has it: other connections, other locks."""
    found = Database(database.url)
    yield found
    await found.close()
