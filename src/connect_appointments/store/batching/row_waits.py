"""Commands whose row another transaction has locked: each waits for it alone, all within one bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.batching.bulkhead import Bulkhead
from connect_appointments.store.batching.keyed_lock import KeyedLock
from connect_appointments.store.options import DatabaseOptions

T = TypeVar("T")

MAX_WAITING = 4096
"""Commands that may wait for locked rows at once, of all kinds together."""


class RowWaits:
    """Lets half of a process's connections wait for rows; the commands of one row wait on one of them."""

    def __init__(self, options: DatabaseOptions) -> None:
        self._seconds = options.lock_timeout_seconds
        self._connections = asyncio.Semaphore(max(1, options.pool_size // 2))
        self._bulkhead = Bulkhead(MAX_WAITING)
        self._rows = KeyedLock()

    async def run(self, row: Hashable, owner: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, which waits for a row, after the commands that wait for the same row.

        Raises `Overloaded` when too many commands wait, `Unavailable` when the row stays locked for too long.
        """
        with self._bulkhead.admitted(owner):
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._run(row, work)
            except TimeoutError as error:
                raise Unavailable from error

    async def _run(self, row: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        async with self._rows.locked(row), self._connections:
            return await work()
