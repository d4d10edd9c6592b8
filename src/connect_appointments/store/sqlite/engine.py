"""The transactions of a SQLite file: one writes at a time, a few read."""

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
"""Threads that read: a long list must not keep the others waiting."""


class SqliteEngine:
    """Threads for everything that may wait or run long; the statements of a batch run on the event loop's thread.

    A batch touches a few dozen rows by key, and Python's sqlite3 lets go of the interpreter at every row: on a thread
    of its own, a batch spends most of its time on getting it back from the event loop.
    """

    dialect = "sqlite"

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Open nothing yet."""
        seconds = options.statement_timeout_seconds

        def connect_reader() -> sqlite3.Connection:
            connection = connect(url, options.lock_timeout_seconds)
            connection.execute("PRAGMA query_only = ON")
            return connection

        self._writer = Threads(lambda: connect(url, options.lock_timeout_seconds), 1, seconds, "sqlite-writer")
        self._readers = Threads(connect_reader, READERS, seconds, "sqlite-reader")
        self._batch_reader = Threads(connect_reader, 1, seconds, "sqlite-batch-reader")

    async def read(self, work: Work[T], *, batch: bool) -> T:
        """Run `work` in a transaction that can change nothing."""
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
        """Close the connections and end the threads."""
        for threads in (self._writer, self._readers, self._batch_reader):
            await threads.close()
