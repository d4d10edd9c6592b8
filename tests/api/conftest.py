"""The engines that each module of API tests names, and one service per module and engine.

Each module that needs a database names its engines at its top: `pytestmark = pytest.mark.engines("sqlite")` where it is
about bytes, headers and tokens alone, and `pytest.mark.engines("sqlite", "postgresql")` where the database has a say.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connect_appointments.store.engine import Database
from tests.api.wire import on_the_wire
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.conftest import ENGINES, migrated_database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on the engines that its `engines` marker names."""
    fixtures = {"engine", "shared_engine"} & set(metafunc.fixturenames)
    if not fixtures:
        return
    marker = metafunc.definition.get_closest_marker("engines")
    if marker is None or not set(marker.args) <= set(ENGINES):
        raise pytest.UsageError(f"{metafunc.module.__name__}: name the engines with pytest.mark.engines")
    for fixture in sorted(fixtures):
        metafunc.parametrize(fixture, marker.args, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine of the module in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def shared_engine(request: pytest.FixtureRequest) -> str:
    """The same, for the database that the module shares."""
    return str(request.param)


@pytest.fixture(scope="module")
def shared_database_url(
    shared_engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database of one test module, migrated and empty."""
    with migrated_database(shared_engine, request, tmp_path_factory.mktemp("shared")) as url:
        yield url


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
