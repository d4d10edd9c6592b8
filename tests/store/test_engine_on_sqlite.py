"""SQLite: durable, strict, one writer at a time whichever process it is in."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.errors import Unavailable
from connect_appointments.core.lifecycle import State
from connect_appointments.store import capacity, sqlite
from connect_appointments.store.capacity import Places
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.store.options import DatabaseOptions
from tests.store.conftest import ON_SQLITE
from tests.store.given import MORNING, created, execute, rows
from tests.store.other_process import TURNS, start
from tests.store.test_hot_path import wish

IN_FORCE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


@ON_SQLITE
@pytest.mark.parametrize("pragma", list(IN_FORCE))
async def test_every_connection_is_durable_and_strict(database: Database, pragma: str) -> None:
    async def look(connection: AsyncConnection) -> Any:
        return await connection.scalar(sa.text(f"PRAGMA {pragma}"))

    seen = [await where(look) for where in (database.read, database.write)]
    lane = sqlite.connect(database.url, DatabaseOptions().lock_timeout_seconds)
    seen += lane.execute(f"PRAGMA {pragma}").fetchone()
    lane.close()
    assert seen == [IN_FORCE[pragma]] * 3


@ON_SQLITE
async def test_a_writer_is_alone_from_its_first_moment(database: Database) -> None:
    """Else two would read the same and one's change be lost."""
    rival = sqlite3.connect(sqlite.path_of(database.url), timeout=0, isolation_level=None)

    async def work(connection: AsyncConnection) -> str:
        with pytest.raises(sqlite3.OperationalError) as raised:
            rival.execute("BEGIN IMMEDIATE")
        return str(raised.value)

    assert await database.write(work) == "database is locked"
    rival.close()


@ON_SQLITE
async def test_a_reader_keeps_nobody_waiting(database: Database, neighbour: Database) -> None:
    async def work(connection: AsyncConnection) -> list[Any]:
        before = list(await connection.execute(sa.text("SELECT places FROM capacity")))
        await neighbour.write(lambda other: capacity.set_places(other, [Places(MORNING, 1)]))
        after = list(await connection.execute(sa.text("SELECT places FROM capacity")))
        return [before, after]

    # It goes on seeing what was there when it began.
    assert await database.read(work) == [[], []]


@ON_SQLITE
async def test_two_processes_that_write_at_once_lose_nothing(database: Database) -> None:
    await database.write(lambda connection: capacity.set_places(connection, [Places(MORNING, 1000)]))
    processes = [start(database.url, "take-places") for _ in range(2)]
    for _ in range(TURNS):
        assert await database.write(lambda connection: capacity.take_place(connection, MORNING))
    assert [await asyncio.to_thread(process.wait) for process in processes] == [0, 0]
    assert await rows(database, "SELECT taken FROM capacity") == [(3 * TURNS,)]


@ON_SQLITE
async def test_who_waits_too_long_for_the_writer_is_told_so(database_url: str, database: Database) -> None:
    request_id = await created(database)
    impatient = Database(database_url, DatabaseOptions(lock_timeout_seconds=0.1))
    hot_path = HotPath(impatient)
    rival = sqlite3.connect(sqlite.path_of(database_url), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await execute(impatient, "UPDATE orders SET e_sla = 'x'")
    with pytest.raises(Unavailable):
        await hot_path.cancel(wish(request_id))
    assert await rows(impatient, "SELECT count(*) FROM orders") == [(3,)]
    rival.execute("ROLLBACK")
    rival.close()
    await execute(impatient, "UPDATE orders SET e_sla = 'x'")
    assert await hot_path.cancel(wish(request_id)) is State.SEARCHING
    await hot_path.close()
    await impatient.close()


def _spoil(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def _remove(path: Path) -> None:
    path.unlink()
    path.mkdir()


@ON_SQLITE
@pytest.mark.parametrize("harm", [_spoil, _remove], ids=["spoilt", "not a file"])
async def test_a_file_that_cannot_be_used_is_unavailable(database_url: str, harm: Callable[[Path], None]) -> None:
    harm(Path(sqlite.path_of(database_url)))
    database = Database(database_url)
    hot_path = HotPath(database)
    for call in (rows(database, "SELECT 1"), hot_path.cancel(wish(1))):
        with pytest.raises(Unavailable):
            await call
    await hot_path.close()
    await database.close()


@ON_SQLITE
async def test_a_full_disk_is_unavailable_and_loses_nothing(database: Database) -> None:
    ((pages,),) = await rows(database, "PRAGMA page_count")

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
        await connection.execute(sa.text("UPDATE orders SET contact_notes = :notes"), {"notes": "x" * 100_000})

    with pytest.raises(Unavailable):
        await database.write(work)
    assert await rows(database, "SELECT count(*) FROM orders WHERE contact_notes IS NULL") == [(3,)]


async def test_a_path_is_taken_as_it_is_written(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "100%25 what? #1.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    await database.write(lambda connection: capacity.set_places(connection, [Places(MORNING, 1)]))
    await database.close()
    assert [found.name for found in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))] == [path.name]


@ON_SQLITE
async def test_closing_leaves_only_the_database_file(database: Database) -> None:
    request_id = await created(database)
    hot_path = HotPath(database)
    await hot_path.cancel(wish(request_id))
    await hot_path.close()
    await database.close()
    # The last connection to close folds the log into the file.
    path = Path(sqlite.path_of(database.url))
    assert [found.name for found in path.parent.iterdir()] == [path.name]
