"""Transactions on SQLite: each runs on one connection, from its first to its last statement, without suspending."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from connect_appointments.store.chains import Chain, Steps
from connect_appointments.store.statements import Row, compiled
from connect_appointments.store.transaction import Work

T = TypeVar("T")

PRIMARY_CODE = 0xFF
"""Mask of the primary code in an extended result code."""


class SqliteTransaction:
    """An open transaction. Its methods never suspend: they run to completion on the calling thread."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows."""
        if rows is not None and not rows:
            return []
        if isinstance(statement, Chain):
            statement = self._run_links(statement.as_steps(), rows or (), values)
        found = compiled(statement, self.dialect)
        cursor = self._connection.execute(found.text, found.arguments(rows or (), values))
        names = [column[0] for column in cursor.description or ()]
        return found.decode(cursor.fetchall(), names)

    def _run_links(self, steps: Steps, rows: Sequence[Sequence[Any]], values: dict[str, Any]) -> Any:
        """Run the links of a chain, each of which stores its rows; return the final statement."""
        for statement, empty, keep in steps.links:
            if empty is not None:
                self._connection.execute(compiled(empty, self.dialect).text)
            found = compiled(statement, self.dialect)
            cursor = self._connection.execute(found.text, found.arguments(rows, values))
            if keep is not None:
                self._connection.executemany(compiled(keep, self.dialect).text, cursor.fetchall())
        return steps.answer

    async def execute(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> int:
        """Run a statement that returns no rows; return how many it changed."""
        if rows is not None and not rows:
            return 0
        found = compiled(statement, self.dialect)
        return self._connection.execute(found.text, found.arguments(rows or (), values)).rowcount

    async def script(self, text: str) -> None:
        """Run SQL text unchanged."""
        pending = ""
        for line in text.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                self._connection.execute(pending)
                pending = ""


def run(connection: sqlite3.Connection, begin: str, work: Work[T]) -> T:
    """Run `work` in a transaction and commit it; `begin` is the BEGIN statement."""
    connection.execute(begin)
    result = run_begun(connection, work)
    commit(connection)
    return result


def begin_at_once(connection: sqlite3.Connection) -> bool:
    """Begin a write transaction; return False if another connection is writing."""
    (busy_timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout)}")
    return True


def run_begun(connection: sqlite3.Connection, work: Work[T]) -> T:
    """Run `work` in the open transaction; roll back on failure."""
    try:
        return _finished(work(SqliteTransaction(connection)))
    except BaseException:
        _roll_back(connection)
        raise


def commit(connection: sqlite3.Connection) -> None:
    """Commit the transaction; roll back on failure."""
    try:
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    # After some errors, SQLite has already rolled back.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _finished(work: Awaitable[T]) -> T:
    """Run a coroutine that never suspends, and return its result."""
    coroutine: Coroutine[Any, Any, T] = work  # type: ignore[assignment]  # work is written with `async def`
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("work in a transaction awaited something else than the transaction")
