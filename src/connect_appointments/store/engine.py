"""Connections and transactions: one `Database` for both engines, with retries where they are safe."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

import stamina
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connect_appointments.store import postgres, sqlite
from connect_appointments.store.connector import Connector
from connect_appointments.store.failures import (
    LostBeforeCommit,
    RowHeld,
    breaks_connection,
    is_out_of_time,
    is_retryable,
    translated_errors,
)
from connect_appointments.store.options import DatabaseOptions

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Work = Callable[[AsyncConnection], Awaitable[T]]


class PatientWork(Protocol[T_co]):
    """Work that needs rows which another transaction may hold; it raises `RowHeld` when told not to wait for them."""

    def __call__(self, connection: AsyncConnection, *, wait: bool) -> Awaitable[T_co]: ...


TRIES = 10


class Database:
    """One database, reached through SQLAlchemy Core."""

    def __init__(self, url: str, options: DatabaseOptions | None = None) -> None:
        """Open nothing yet.

        url: `sqlite:///path` or a libpq-style `postgresql://user:password@host1,host2/name`.
        """
        self.url = url
        self.options = options or DatabaseOptions()
        self.is_sqlite = url.startswith("sqlite:")
        self.connector = Connector(url, self.options)
        self.engine: AsyncEngine = self._create_engine()
        self._reader = self.engine.execution_options(postgresql_readonly=True)
        self._writer = self.engine.execution_options(**{sqlite.WRITES: True})
        self.write_lock = asyncio.Lock()
        self._waiting_for_rows = asyncio.Semaphore(max(1, self.options.pool_size // 2))

    def _create_engine(self) -> AsyncEngine:
        if self.is_sqlite:
            return sqlite.create_engine(self.url, self.options.pool_size, self.options.lock_timeout_seconds)
        return postgres.create_engine(self.connector, self.options)

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a transaction that can change nothing; raise `Unavailable` if the database cannot answer."""
        return await self._repeat(self._reader, work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it.

        It runs again, whole, after a serialization failure, a deadlock, or a connection lost before COMMIT.
        Raises `Unavailable` when the database cannot answer or the outcome of COMMIT is unknown, `Overloaded`
        when no connection came free.
        """
        async with self._one_writer():
            return await self._repeat(self._writer, work)

    async def write_patiently(self, work: PatientWork[T]) -> T:
        """Like `write`, but waits for held rows on half of the connections at most: others need the rest."""
        try:
            return await self.write(lambda connection: work(connection, wait=False))
        except RowHeld:
            return await self.write_waiting(lambda connection: work(connection, wait=True))

    async def write_waiting(self, work: Work[T]) -> T:
        """Like `write`, for work that is known to wait for a row."""
        async with self._waiting_for_rows:
            return await self.write(work)

    @contextlib.asynccontextmanager
    async def _one_writer(self) -> AsyncIterator[None]:
        """SQLite has one writer at a time: wait for one's turn here rather than in its busy handler."""
        if not self.is_sqlite:
            yield
            return
        async with self.write_lock:
            yield

    async def _repeat(self, engine: AsyncEngine, work: Work[T]) -> T:
        with translated_errors():
            async for attempt in stamina.retry_context(
                on=is_retryable, attempts=TRIES, timeout=10, wait_initial=0.005, wait_max=0.25, wait_jitter=0.02
            ):
                with attempt:
                    return await _once(engine, work)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        await self.connector.close()


async def _once(engine: AsyncEngine, work: Work[T]) -> T:
    async with engine.connect() as connection:
        await connection.begin()
        try:
            result = await work(connection)
        except Exception as error:
            if not breaks_connection(error):
                raise
            await connection.invalidate()
            if is_out_of_time(error):
                raise
            raise LostBeforeCommit from error
        await connection.commit()
        return result
