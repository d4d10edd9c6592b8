"""Transactions on a SQLite file: one writer at a time, several readers."""

from __future__ import annotations

import sqlite3
from typing import TypeVar

from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.sqlite.connection import connect
from connect_appointments.store.sqlite.threads import Threads
from connect_appointments.store.sqlite.transactions import begin_at_once, commit, run, run_begun
from connect_appointments.store.transaction import Work

T = TypeVar("T")

READERS = 4
"""Reader threads: a long list must not block other reads."""


class SqliteEngine:
    """Threads for work that may wait or run long; the statements of a batch run on the event loop's thread.

    A batch accesses a few dozen rows by key, and Python's sqlite3 releases the GIL at every row: on a separate thread,
    a
    batch would spend most of its time waiting for the event loop to release the GIL.
    """

    dialect = "sqlite"

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Create the engine without opening a connection."""
        seconds = options.statement_timeout_seconds

        def connect_reader() -> sqlite3.Connection:
            connection = connect(url, options.lock_timeout_seconds)
            connection.execute("PRAGMA query_only = ON")
            return connection

        self._writer = Threads(lambda: connect(url, options.lock_timeout_seconds), 1, seconds, "sqlite-writer")
        self._readers = Threads(connect_reader, READERS, seconds, "sqlite-reader")
        self._batch_reader = Threads(connect_reader, 1, seconds, "sqlite-batch-reader")

    async def read(self, work: Work[T], *, batch: bool) -> T:
        """Run `work` in a read-only transaction."""
        if not batch:
            return await self._readers.run(lambda connection: run(connection, "BEGIN", work))
        await self._batch_reader.acquire()
        connection = self._batch_reader.connection
        if connection is None:
            return await self._batch_reader.run_acquired(lambda connection: run(connection, "BEGIN", work))
        try:
            return run(connection, "BEGIN", work)
        finally:
            self._batch_reader.release()

    async def write(self, work: Work[T], *, batch: bool, one_statement: bool) -> T:  # noqa: ARG002 - PostgreSQL uses it
        """Run `work` in a transaction and commit it."""
        await self._writer.acquire()
        connection = self._writer.connection
        if not batch or connection is None or not self._begins_at_once(connection):
            return await self._writer.run_acquired(lambda connection: run(connection, "BEGIN IMMEDIATE", work))
        try:
            result = run_begun(connection, work)
        except BaseException:
            self._writer.release()
            raise
        await self._writer.run_acquired(commit)
        return result

    def _begins_at_once(self, connection: sqlite3.Connection) -> bool:
        try:
            return begin_at_once(connection)
        except BaseException:
            self._writer.release()
            raise

    async def close(self) -> None:
        """Close the connections and stop the threads."""
        for threads in (self._writer, self._readers, self._batch_reader):
            await threads.close()
