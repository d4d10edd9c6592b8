"""The database: transactions on either engine, and the only layer that retries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from connect_appointments.store.batching.row_waits import RowWaits
from connect_appointments.store.failures import is_out_of_time, is_retryable, is_unavailable, translated_errors
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.transactions import PostgresqlEngine
from connect_appointments.store.sqlite.engine import SqliteEngine
from connect_appointments.store.transaction import Work

T = TypeVar("T")

RETRIES = 9
RETRY_SECONDS = 3
"""The last retry starts at most this long after the first attempt."""


class Database:
    """One database."""

    def __init__(self, url: str, options: DatabaseOptions | None = None) -> None:
        """Create the database without opening a connection.

        url: `sqlite:///path` or a libpq-style `postgresql://user:password@host1,host2/name`.
        """
        self.url = url
        self.options = options or DatabaseOptions()
        self.is_sqlite = url.startswith("sqlite:")
        self.row_waits = RowWaits(self.options)
        self._engine = SqliteEngine(url, self.options) if self.is_sqlite else PostgresqlEngine(url, self.options)

    async def read(self, work: Work[T], *, batch: bool = False) -> T:
        """Run `work` in a read-only transaction; raise `Unavailable` if the database cannot answer.

        batch: the work reads many rows by key in one statement, on a connection that is reserved for batches.
        """
        return await _retried(lambda: self._engine.read(work, batch=batch), repeatable=True)

    async def write(
        self,
        work: Work[T],
        *,
        batch: bool = False,
        repeatable: bool = False,
        one_statement: bool = False,
        retries: int = RETRIES,
    ) -> T:
        """Run `work` in a transaction and commit it.

        The whole transaction is retried after a serialization failure, a deadlock, or a connection lost before COMMIT.
        batch: the work changes many rows by key, and waits at most one second for a row lock.
        repeatable: the work is idempotent and may be retried even if the outcome of COMMIT is unknown.
        one_statement: the work is a single statement, which commits by itself.
        retries: maximum number of retries; no retry starts later than 3 s after the first attempt.
        Raises `Unavailable` when the database cannot answer or the outcome of COMMIT is unknown, `Overloaded`
        when no connection became free.
        """
        return await _retried(
            lambda: self._engine.write(work, batch=batch, one_statement=one_statement),
            repeatable=repeatable,
            retries=retries,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.close()


async def _retried(run: Callable[[], Awaitable[T]], *, repeatable: bool, retries: int = RETRIES) -> T:
    def worth_a_retry(error: Exception) -> bool:
        return is_retryable(error) or (repeatable and is_unavailable(error) and not is_out_of_time(error))

    try:
        return await run()
    except Exception as error:
        if retries == 0 or not worth_a_retry(error):
            with translated_errors():
                raise
    with translated_errors():
        # The jitter is much shorter than the longest wait: transactions with equal waits would conflict again.
        async for attempt in stamina.retry_context(
            on=worth_a_retry,
            attempts=retries,
            timeout=RETRY_SECONDS,
            wait_initial=0.005,
            wait_max=0.25,
            wait_jitter=0.05,
        ):
            with attempt:
                return await run()
    raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover
