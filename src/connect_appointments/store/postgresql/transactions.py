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
"""More than there are kinds of batches; a kind may have several in flight while its workforce system is slow."""
Run: TypeAlias = Callable[[Connection, Work[T]], Awaitable[T]]
"""How work runs on a connection: in a transaction, or each statement by itself."""
BATCH_SETTINGS = {
    "enable_seqscan": "off",
    "jit": "off",
    "lock_timeout": "1000",
    "plan_cache_mode": "force_generic_plan",
}
"""A batch touches a few dozen rows by key: no plan but the one through the index is ever right, whatever its size."""


class PostgresqlTransaction:
    """One open transaction, or one connection on which each statement is a transaction of its own."""

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
        """Run statements as they are written."""
        await self._connection.execute(text)


class PostgresqlEngine:
    """A pool of connections for everything that may wait or run long, and connections for batches beside it."""

    dialect = "postgresql"

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Open nothing yet."""
        self._connector = Connector(url, options)
        self._options = options
        # Behind a pooler that does not, a statement is prepared and run on one server only within a transaction.
        self._keeps_sessions = options.statement_cache
        self._pool: asyncpg.Pool | None = None
        self._idle: list[Connection] = []
        self._batches = asyncio.Semaphore(BATCH_CONNECTIONS)

    async def read(self, work: Work[T], *, batch: bool) -> T:
        """Run `work` in a transaction that can change nothing; each statement of a batch has its own."""
        if batch:
            return await self._on_batch_connection(_alone if self._keeps_sessions else _read, work)
        return await self._on_pooled_connection(_read, work)

    async def write(self, work: Work[T], *, batch: bool, one_statement: bool) -> T:
        """Run `work` in a transaction and commit it. Raises `LostBeforeCommit` where nothing was committed.

        one_statement: it is one statement, which commits by itself.
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
        await self._pool  # which it takes once
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
    """Leave a session as it is: nothing of ours changes one."""


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
        # An error that the work did not let through has undone the transaction.
        raise RuntimeError(f"the server answered COMMIT with {status}")
    return result


def _terminate(connection: Connection) -> None:
    """Give up a connection, which goes back to its pool by itself where it has noticed its end."""
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _alone(connection: Connection, work: Work[T]) -> T:
    """Run `work`, each statement of which commits by itself; give up the connection where it is of no more use."""
    try:
        return await work(PostgresqlTransaction(connection))
    except BaseException as error:
        if not isinstance(error, Exception) or breaks_connection(error):
            _terminate(connection)
        raise


async def _until_lost(connection: Connection, work: Work[T]) -> T:
    """Run `work`; give up the connection where it is of no more use, and say so where a new one is worth a try."""
    try:
        return await work(PostgresqlTransaction(connection))
    except asyncio.CancelledError:
        _terminate(connection)
        raise
    except Exception as error:
        if not breaks_connection(error):
            raise
        _terminate(connection)
        if is_out_of_time(error):
            raise
        raise LostBeforeCommit from error
