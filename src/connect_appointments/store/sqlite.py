"""What is special about SQLite: how a connection is set up, and the statements that carry the load."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
import stamina
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_appointments.core.lifecycle import CANCEL, State
from connect_appointments.core.model import AppointmentRequest
from connect_appointments.store.lanes import Cancel, Found, Key
from connect_appointments.store.slots import decode_slots
from connect_appointments.store.tables import SQLITE_INSTANT

T = TypeVar("T")

WRITES = "connect_appointments_writes"
"""The execution option of an engine whose transactions write."""

SEEN = """
SELECT json_group_array(json_array(asked.key, r.state)) FROM json_each(?) AS asked
JOIN appointment_requests r ON r.id = json_extract(asked.value, '$[0]') AND r.owner = json_extract(asked.value, '$[1]')
"""
"""All in one row, as JSON: between two rows a thread gives up the interpreter, and waits until it has it again."""

CHANGE = f"""
UPDATE appointment_requests SET state = ?, cancelled_on = strftime('{SQLITE_INSTANT}', 'now'),
updated_on = strftime('{SQLITE_INSTANT}', 'now') WHERE id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - the only thing put in is a constant of ours
NOTE = f"""
INSERT INTO events (request_id, kind, at, owner, client, trace)
SELECT json_extract(value, '$[0]'), ?, strftime('{SQLITE_INSTANT}', 'now'),
json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]') FROM json_each(?)
"""  # noqa: S608 - the only thing put in is a constant of ours
READ = """
SELECT json_group_array(json_array(asked.key, json_array(
    r.id, r.owner, r.order_id, r.date_from, r.state, slots, r.created_on, r.updated_on, r.cancelled_on
))) FROM json_each(?) AS asked
JOIN appointment_requests r ON r.id = json_extract(asked.value, '$[0]') AND r.owner = json_extract(asked.value, '$[1]')
LEFT JOIN offers ON offers.request_id = r.id AND r.state = 'open'
"""


def path_of(url: str) -> str:
    """The file a `sqlite:///path` URL names."""
    return url.removeprefix("sqlite:///")


def set_up(execute: Callable[[str], object], timeout_seconds: float) -> None:
    """Make a connection durable, concurrent and strict, given what runs a statement on it."""
    execute(f"PRAGMA busy_timeout = {int(timeout_seconds * 1000)}")
    # On a new file that several open at once, SQLite says "locked" here and heeds no busy_timeout.
    for attempt in stamina.retry_context(
        on=sqlite3.OperationalError, attempts=None, timeout=timeout_seconds, wait_initial=0.002, wait_max=0.02
    ):
        with attempt:
            execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    execute("PRAGMA foreign_keys = ON")


def connect(url: str, timeout_seconds: float) -> sqlite3.Connection:
    """A connection for the hot path, whose user begins and ends its transactions."""
    connection = sqlite3.connect(path_of(url), isolation_level=None, check_same_thread=False)
    set_up(connection.execute, timeout_seconds)
    return connection


def create_engine(url: str, pool_size: int, timeout_seconds: float) -> AsyncEngine:
    """An engine that begins its own transactions: immediate ones where the work writes."""
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=path_of(url)),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_seconds,
        hide_parameters=True,  # they are contact data; errors are logged
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # or the driver begins transactions of its own, and loses updates
        cursor = connection.cursor()
        set_up(cursor.execute, timeout_seconds)
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class SqliteLanes:
    """The hot statements, each lane on a thread and a connection of its own."""

    def __init__(self, url: str, write_lock: asyncio.Lock, timeout_seconds: float) -> None:
        """Open nothing yet.

        write_lock: held while writing, so that this process's writers queue up rather than poll.
        """
        self._write_lock = write_lock
        self._writer = _Thread(lambda: connect(url, timeout_seconds), "sqlite-writer")
        self._reader = _Thread(lambda: connect(url, timeout_seconds), "sqlite-reader")

    async def cancel(self, members: Sequence[Cancel]) -> list[Found]:
        """Cancel what may be cancelled; a writer is alone here, so that no row is ever `LOCKED`."""
        async with self._write_lock:
            return await self._writer.run(lambda connection: _cancel(connection, members))

    async def cancel_waiting(self, member: Cancel) -> Found:
        """Cancel one."""
        return (await self.cancel([member]))[0]

    async def read(self, keys: Sequence[Key]) -> list[AppointmentRequest | None]:
        """Read many appointment-requests by id and owner."""
        return await self._reader.run(lambda connection: _read(connection, keys))

    async def close(self) -> None:
        """Close the connections and end the threads."""
        await self._writer.close()
        await self._reader.close()


class _Thread:
    """One thread with one connection, opened at its first use."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], name: str) -> None:
        self._connect = connect
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._connect()
        return work(self._connection)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        self._executor.shutdown(wait=False)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cancel(connection: sqlite3.Connection, members: Sequence[Cancel]) -> list[Found]:
    found: list[Found] = [None] * len(members)
    with _immediate(connection):
        for place, state in _seen.decode(_one(connection, SEEN, [(member.id, member.owner) for member in members])):
            found[place] = state
        changed = [member for member, before in zip(members, found, strict=True) if before in CANCEL.leaves]
        if changed:
            connection.execute(CHANGE, (CANCEL.enters, _json([member.id for member in changed])))
            connection.execute(NOTE, (CANCEL.name, _json(changed)))
    return found


def _read(connection: sqlite3.Connection, keys: Sequence[Key]) -> list[AppointmentRequest | None]:
    found: list[AppointmentRequest | None] = [None] * len(keys)
    for place, row in _rows.decode(_one(connection, READ, keys)):
        found[place] = AppointmentRequest(*row[:5], decode_slots(row[5]), *row[6:])
    return found


def _one(connection: sqlite3.Connection, statement: str, asked: object) -> str:
    """The one value that a statement answers."""
    (found,) = connection.execute(statement, (_json(asked),)).fetchone()
    return str(found)


_seen = msgspec.json.Decoder(list[tuple[int, State]])
_rows = msgspec.json.Decoder(
    list[
        tuple[
            int,
            tuple[int, str, int, date, State, str | None, datetime, datetime, datetime | None],
        ]
    ]
)
