"""SQLite: durable, strict, one writer at a time whichever process it is in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.core.capacity import Capacity
from connect_appointments.core.errors import Unavailable
from connect_appointments.core.requests import State
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.queries import capacity
from connect_appointments.store.sqlite.connection import OWNER_ONLY, beside, path_of
from connect_appointments.store.transaction import Transaction
from tests.store.conftest import ON_SQLITE
from tests.store.given import MORNING, created, execute, rows, take_place
from tests.store.other_process import TURNS, start
from tests.store.test_cancelling import cancels, command

IN_FORCE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


@ON_SQLITE
@pytest.mark.parametrize("pragma", list(IN_FORCE))
async def test_every_connection_is_durable_and_strict(database: Database, pragma: str) -> None:
    async def look(transaction: Transaction) -> Any:
        return (await transaction.fetch(sa.text(f"PRAGMA {pragma}")))[0][0]

    seen = [await where(look) for where in (database.read, database.write)]
    assert seen == [IN_FORCE[pragma]] * 2


@ON_SQLITE
async def test_a_writer_is_alone_from_its_first_moment(database: Database) -> None:
    """Else two would read the same and one's change be lost."""
    rival = sqlite3.connect(path_of(database.url), timeout=0, isolation_level=None, check_same_thread=False)

    async def work(transaction: Transaction) -> str:
        with pytest.raises(sqlite3.OperationalError) as raised:
            rival.execute("BEGIN IMMEDIATE")
        return str(raised.value)

    assert await database.write(work) == "database is locked"
    rival.close()


@ON_SQLITE
async def test_a_reader_keeps_nobody_waiting(database: Database, neighbour: Database) -> None:
    query = sa.text("SELECT capacity FROM capacity")
    begun, going_on = threading.Event(), threading.Event()

    async def work(transaction: Transaction) -> list[Any]:
        before = await transaction.fetch(query)
        begun.set()
        assert going_on.wait(10)
        return [before, await transaction.fetch(query)]

    reading = asyncio.create_task(database.read(work))
    await asyncio.to_thread(begun.wait)
    await neighbour.write(lambda transaction: capacity.set_capacity(transaction, [Capacity(MORNING, 1)]))
    going_on.set()
    # It goes on seeing what was there when it began.
    assert await reading == [[], []]


@ON_SQLITE
async def test_several_read_at_once_and_while_another_writes(database: Database) -> None:
    together = threading.Barrier(3, timeout=10)

    async def work(transaction: Transaction) -> list[Any]:
        together.wait()
        return await transaction.fetch(sa.text("SELECT 1"))

    answers = await asyncio.gather(database.read(work), database.read(work), database.write(work))
    assert answers == [[(1,)]] * 3


@ON_SQLITE
async def test_work_that_awaits_anything_but_its_transaction_is_a_bug(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await capacity.set_capacity(transaction, [Capacity(MORNING, 1)])
        await asyncio.sleep(0)

    for where in (database.write, database.read):
        with pytest.raises((RuntimeError, Unavailable)):
            await where(work)
    assert await rows(database, "SELECT * FROM capacity") == []


@ON_SQLITE
async def test_two_processes_that_write_at_once_lose_nothing(database: Database) -> None:
    await database.write(lambda transaction: capacity.set_capacity(transaction, [Capacity(MORNING, 1000)]))
    processes = [start(database.url, "take-places") for _ in range(2)]
    for _ in range(TURNS):
        assert await database.write(take_place)
    assert [await asyncio.to_thread(process.wait) for process in processes] == [0, 0]
    assert await rows(database, "SELECT taken FROM capacity") == [(3 * TURNS,)]


@ON_SQLITE
async def test_who_waits_too_long_for_the_writer_is_told_so(database_url: str, database: Database) -> None:
    request_id = await created(database)
    impatient = Database(database_url, DatabaseOptions(lock_timeout_seconds=0.1))
    group = cancels(impatient)
    rival = sqlite3.connect(path_of(database_url), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await execute(impatient, "UPDATE orders SET e_sla = 'x'")
    with pytest.raises(Unavailable):
        await group.submit(command(request_id))
    assert await rows(impatient, "SELECT count(*) FROM orders") == [(3,)]
    rival.execute("ROLLBACK")
    rival.close()
    await execute(impatient, "UPDATE orders SET e_sla = 'x'")
    assert await group.submit(command(request_id)) is State.SEARCHING
    await impatient.close()


async def _add_capacity(transaction: Transaction) -> int:
    await capacity.set_capacity(transaction, [Capacity(MORNING, 1)])
    return threading.get_ident()


@ON_SQLITE
async def test_the_statements_of_a_batch_run_on_the_thread_of_the_event_loop(database: Database) -> None:
    await database.write(_add_capacity, batch=True)  # which opens the connection, on the writer's thread
    assert await database.write(_add_capacity, batch=True) == threading.get_ident()
    assert await database.write(_add_capacity) != threading.get_ident()


@ON_SQLITE
async def test_a_batch_waits_for_another_process_on_a_thread_of_its_own(database: Database, database_url: str) -> None:
    await database.write(_add_capacity, batch=True)
    rival = sqlite3.connect(path_of(database_url), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.write(_add_capacity, batch=True))
    # The event loop goes on meanwhile; else this would never be answered.
    await rows(database, "SELECT 1")
    rival.execute("ROLLBACK")
    rival.close()
    assert await writing != threading.get_ident()
    assert await database.write(lambda transaction: transaction.fetch(sa.text("PRAGMA busy_timeout")), batch=True) == [
        (IN_FORCE["busy_timeout"],)
    ]


@ON_SQLITE
async def test_a_batch_that_fails_leaves_nothing_and_the_next_one_runs(database: Database) -> None:
    async def fail(transaction: Transaction) -> None:
        await _add_capacity(transaction)
        raise LookupError("of the work")

    async def fail_at_commit(transaction: Transaction) -> None:
        await _add_capacity(transaction)
        await transaction.script("PRAGMA defer_foreign_keys = ON;")
        await transaction.execute(sa.text("UPDATE appointment_requests SET order_id = -1"))

    await created(database)
    for work, error in ((fail, LookupError), (fail_at_commit, sqlite3.IntegrityError)):
        await database.write(_nothing, batch=True)
        with pytest.raises(error):
            await database.write(work, batch=True)
        assert await rows(database, "SELECT * FROM capacity") == []
    await database.write(_add_capacity, batch=True)
    assert await rows(database, "SELECT capacity FROM capacity") == [(1,)]


async def _nothing(_: Transaction) -> None: ...


@ON_SQLITE
async def test_a_caller_that_goes_away_during_a_commit_takes_nothing_back(database: Database) -> None:
    await database.write(_nothing, batch=True)
    writing = asyncio.create_task(database.write(_add_capacity, batch=True))
    await asyncio.sleep(0)  # up to the commit
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await database.write(_nothing, batch=True)
    assert await rows(database, "SELECT capacity FROM capacity") == [(1,)]


def _spoil(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def _remove(path: Path) -> None:
    path.unlink()
    path.mkdir()


@ON_SQLITE
@pytest.mark.parametrize("harm", [_spoil, _remove], ids=["spoilt", "not a file"])
async def test_a_file_that_cannot_be_used_is_unavailable(database_url: str, harm: Callable[[Path], None]) -> None:
    harm(Path(path_of(database_url)))
    database = Database(database_url)
    for call in (rows(database, "SELECT 1"), cancels(database).submit(command(1))):
        with pytest.raises(Unavailable):
            await call
    await database.close()


@ON_SQLITE
async def test_a_full_disk_is_unavailable_and_loses_nothing(database: Database) -> None:
    ((pages,),) = await rows(database, "PRAGMA page_count")

    async def work(transaction: Transaction) -> None:
        await transaction.fetch(sa.text(f"PRAGMA max_page_count = {pages}"))
        await transaction.execute(sa.text("UPDATE orders SET contact_notes = :notes"), notes="x" * 100_000)

    with pytest.raises(Unavailable):
        await database.write(work)
    assert await rows(database, "SELECT count(*) FROM orders WHERE contact_notes IS NULL") == [(3,)]


async def test_a_path_is_taken_as_it_is_written(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "100%25 what? #1.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    await database.write(lambda transaction: capacity.set_capacity(transaction, [Capacity(MORNING, 1)]))
    await database.close()
    assert [found.name for found in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))] == [path.name]


@ON_SQLITE
async def test_closing_leaves_only_the_database_file(database: Database) -> None:
    request_id = await created(database)
    await cancels(database).submit(command(request_id))
    await database.close()
    # The last connection to close folds the log into the file.
    path = Path(path_of(database.url))
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.fixture
def everyone_may_read() -> Iterator[None]:
    """What a process makes is readable by everybody, unless it says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def _rights(path: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}


@pytest.mark.usefixtures("everyone_may_read")
async def test_a_new_database_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    database = Database(f"sqlite:///{path}")
    await schema.migrate(database)
    await rows(database, "SELECT count(*) FROM orders")
    wal, shm, _ = beside(path)
    assert _rights(path) == dict.fromkeys((path.name, wal.name, shm.name), OWNER_ONLY)
    await database.close()
    assert _rights(path) == {path.name: OWNER_ONLY}


@pytest.mark.usefixtures("everyone_may_read")
async def test_a_migration_makes_an_older_database_its_users_alone(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "older.db"
    shutil.copy(sqlite_template, path)
    path.chmod(0o644)
    older = sqlite3.connect(path, isolation_level=None)
    older.execute("UPDATE installation SET id = 'in-a-log'")
    wal, shm, _ = beside(path)
    assert _rights(path) == dict.fromkeys((path.name, wal.name, shm.name), 0o644)
    database = Database(f"sqlite:///{path}")
    await schema.migrate(database)
    assert _rights(path) == dict.fromkeys((path.name, wal.name, shm.name), OWNER_ONLY)
    await database.close()
    older.close()
