"""Transactions on SQLite: each runs from its first statement to its last on one thread, without a switch between."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from connect_appointments.core.errors import Overloaded
from connect_appointments.store.chains import Chain, Steps
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.sqlite.connection import connect
from connect_appointments.store.statements import Row, compiled
from connect_appointments.store.transaction import Work

T = TypeVar("T")

READERS = 4
"""Threads that read: a long list must not keep the others waiting."""


class SqliteTransaction:
    """One open transaction. Its methods never suspend: they run to their end on the calling thread."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows."""
        if rows is not None and not rows:
            return []
        if isinstance(statement, Chain):
            statement, returned = self._run_links(statement.as_steps(), rows or (), values)
            values |= returned
        found = compiled(statement, self.dialect)
        cursor = self._connection.execute(found.text, found.arguments(rows or (), values))
        names = [column[0] for column in cursor.description or ()]
        return found.decode(cursor.fetchall(), names)

    def _run_links(
        self, steps: Steps, rows: Sequence[Sequence[Any]], values: dict[str, Any]
    ) -> tuple[Any, dict[str, str]]:
        """Run the links of a chain; give the statement that answers, and what the links returned, as JSON."""
        returned: dict[str, str] = {}
        for name, statement in steps.links.items():
            found = compiled(statement, self.dialect)
            cursor = self._connection.execute(found.text, found.arguments(rows, values | returned))
            returned[f"link_{name}"] = msgspec.json.encode(cursor.fetchall()).decode()
        return steps.answer, returned

    async def execute(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> int:
        """Run a statement that returns no rows; return how many it changed."""
        if rows is not None and not rows:
            return 0
        found = compiled(statement, self.dialect)
        return self._connection.execute(found.text, found.arguments(rows or (), values)).rowcount

    async def script(self, text: str) -> None:
        """Run statements as they are written."""
        pending = ""
        for line in text.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                self._connection.execute(pending)
                pending = ""


class SqliteEngine:
    """One thread that writes, for SQLite has one writer at a time, and a few that read."""

    dialect = "sqlite"

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Open nothing yet."""
        seconds = options.statement_timeout_seconds
        self._writer = _Threads(lambda: connect(url, options.lock_timeout_seconds), 1, seconds, "sqlite-writer")
        self._readers = _Threads(lambda: _connect_reader(url, options), READERS, seconds, "sqlite-reader")

    async def read(self, work: Work[T], *, batch: bool) -> T:  # noqa: ARG002 - PostgreSQL has pools to choose from
        """Run `work` in a transaction that can change nothing."""
        return await self._readers.run(lambda connection: _read(connection, work))

    async def write(self, work: Work[T], *, batch: bool, one_statement: bool) -> T:  # noqa: ARG002 - as above
        """Run `work` in a transaction and commit it."""
        return await self._writer.run(lambda connection: _write(connection, work))

    async def close(self) -> None:
        """Close the connections and end the threads."""
        await self._writer.close()
        await self._readers.close()


class _Threads:
    """Threads with a connection each, opened at its first use."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], count: int, seconds: float, name: str) -> None:
        """`seconds`: how long work waits for a thread before it is refused with `Overloaded`."""
        self._connect = connect
        self._count = count
        self._seconds = seconds
        self._name = name
        self._free = asyncio.Semaphore(count)
        self._executor: ThreadPoolExecutor | None = None
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        await self._wait_for_a_thread()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=self._count, thread_name_prefix=self._name)
        loop, future = asyncio.get_running_loop(), self._executor.submit(self._work, work)
        # Not when the caller ends: where it is cancelled, the thread goes on.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.wrap_future(future)

    async def _wait_for_a_thread(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise Overloaded from error

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._connect()
            self._connections.append(connection)
        return work(connection)

    async def close(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.get_running_loop().run_in_executor(None, executor.shutdown)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._of_thread = threading.local()


def _connect_reader(url: str, options: DatabaseOptions) -> sqlite3.Connection:
    connection = connect(url, options.lock_timeout_seconds)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _read(connection: sqlite3.Connection, work: Work[T]) -> T:
    with _begun(connection, "BEGIN"):
        result: T = _finished(work(SqliteTransaction(connection)))
        return result


def _write(connection: sqlite3.Connection, work: Work[T]) -> T:
    with _begun(connection, "BEGIN IMMEDIATE"):
        result: T = _finished(work(SqliteTransaction(connection)))
        return result


@contextlib.contextmanager
def _begun(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _finished(work: Any) -> Any:
    """Run a coroutine that never suspends to its end."""
    coroutine: Coroutine[Any, Any, Any] = work
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("work in a transaction awaited something else than the transaction")
