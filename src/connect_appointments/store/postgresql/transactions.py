"""Transactions on PostgreSQL, run by asyncpg on pooled connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import asyncpg

from connect_appointments.core.errors import Overloaded
from connect_appointments.store.chains import Chain
from connect_appointments.store.failures import LostBeforeCommit, breaks_connection, is_out_of_time
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.connector import Connector
from connect_appointments.store.postgresql.one_host import Connection
from connect_appointments.store.statements import Row, compiled
from connect_appointments.store.transaction import Transaction, Work

T = TypeVar("T")

BATCH_CONNECTIONS = 32
"""More than the number of batch kinds; a kind can have several batches in flight while its workforce system is slow."""
Run: TypeAlias = Callable[[Connection, Work[T]], Awaitable[T]]
"""How work runs on a connection: in a transaction, or with autocommit per statement."""
BATCH_SETTINGS = {
    "enable_seqscan": "off",
    "jit": "off",
    "lock_timeout": "1000",
    "plan_cache_mode": "force_generic_plan",
}
"""A batch accesses a few dozen rows by key: the plan through the index is always right, whatever the table's size."""


class PostgresqlTransaction:
    """An open transaction, or a connection on which each statement is its own transaction."""

    dialect = "postgresql"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows."""
        if rows is not None and not rows:
            return []
        found = compiled(statement.as_one() if isinstance(statement, Chain) else statement, self.dialect)
        records = await self._connection.fetch(found.text, *found.arguments(rows or (), values))
        return found.decode(records, list(records[0].keys()) if records else ())

    async def execute(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> int:
        """Run a statement that returns no rows; return how many it changed."""
        if rows is not None and not rows:
            return 0
        found = compiled(statement, self.dialect)
        status = await self._connection.execute(found.text, *found.arguments(rows or (), values))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def script(self, text: str) -> None:
        """Run SQL text unchanged."""
        await self._connection.execute(text)


class PostgresqlEngine:
    """A connection pool for work that may wait or run long, and separate connections for batches."""

    dialect = "postgresql"

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Create the engine without opening a connection."""
        self._connector = Connector(url, options)
        self._options = options
        # Behind a transaction pooler, a prepared statement is only usable within one transaction.
        self._keeps_sessions = options.statement_cache
        self._pool: asyncpg.Pool | None = None
        self._idle: list[Connection] = []
        self._batches = asyncio.Semaphore(BATCH_CONNECTIONS)

    async def read(self, work: Work[T], *, batch: bool) -> T:
        """Run `work` in a read-only transaction; each statement of a batch has its own transaction."""
        if batch:
            return await self._on_batch_connection(_alone if self._keeps_sessions else _read, work)
        return await self._on_pooled_connection(_read, work)

    async def write(self, work: Work[T], *, batch: bool, one_statement: bool) -> T:
        """Run `work` in a transaction and commit it. Raises `LostBeforeCommit` if nothing was committed.

        one_statement: the work is a single statement, which commits by itself.
        """
        run = _alone if one_statement and self._keeps_sessions else _write
        if batch:
            return await self._on_batch_connection(run, work)
        return await self._on_pooled_connection(run, work)

    async def _on_batch_connection(self, run: Run[T], work: Work[T]) -> T:
        async with self._batches:
            connection = await self._batch_connection()
            try:
                return await run(connection, work)
            finally:
                self._idle.append(connection)

    async def _batch_connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connector.connect(**BATCH_SETTINGS)

    async def _on_pooled_connection(self, run: Run[T], work: Work[T]) -> T:
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                min_size=0,
                max_size=self._options.pool_size,
                max_inactive_connection_lifetime=0,
                connect=self._connect,
                reset=_keep,
            )
        await self._pool  # awaiting a pool a second time has no effect
        try:
            connection = await self._pool.acquire(timeout=self._options.statement_timeout_seconds)
        except TimeoutError as error:
            raise Overloaded from error
        try:
            return await run(connection, work)
        finally:
            await self._pool.release(connection)

    async def _connect(self, *_: Any, **__: Any) -> Connection:
        return await self._connector.connect()

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None
        await self._connector.close()


async def _keep(_: Connection) -> None:
    """Skip the session reset: this program never changes session state."""


async def _read(connection: Connection, work: Work[T]) -> T:
    return await _transaction(connection, work, "BEGIN READ ONLY")


async def _write(connection: Connection, work: Work[T]) -> T:
    return await _transaction(connection, work, "BEGIN")


async def _transaction(connection: Connection, work: Work[T], begin: str) -> T:
    async def begin_and_work(transaction: Transaction) -> T:
        await connection.execute(begin)
        try:
            return await work(transaction)
        except Exception as error:
            if not breaks_connection(error):
                await connection.execute("ROLLBACK")
            raise

    result = await _until_lost(connection, begin_and_work)
    try:
        status = await connection.execute("COMMIT")
    except BaseException as error:
        if not isinstance(error, asyncpg.PostgresError) or breaks_connection(error):
            _terminate(connection)
        raise
    if status != "COMMIT":
        # An error inside the transaction was suppressed by `work`, so the server rolled back.
        raise RuntimeError(f"the server answered COMMIT with {status}")
    return result


def _terminate(connection: Connection) -> None:
    """Terminate a connection; a connection that is already closed returns to its pool by itself."""
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _alone(connection: Connection, work: Work[T]) -> T:
    """Run `work` with autocommit per statement, unless it begins a transaction; terminate an unusable connection."""
    try:
        return await work(PostgresqlTransaction(connection))
    except BaseException as error:
        if not isinstance(error, Exception) or breaks_connection(error):
            _terminate(connection)
        raise


async def _until_lost(connection: Connection, work: Work[T]) -> T:
    """Run `work`; terminate an unusable connection, and raise `LostBeforeCommit` if a retry on a new one is safe."""
    try:
        return await _alone(connection, work)
    except Exception as error:
        if breaks_connection(error) and not is_out_of_time(error):
            raise LostBeforeCommit from error
        raise
