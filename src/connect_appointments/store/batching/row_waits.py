"""Commands that wait for a row lock of another transaction: each runs alone, all within one limit."""

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
"""Limit of commands that wait for row locks in this process, over all kinds."""


class RowWaits:
    """Lets half of a process's connections wait for row locks; commands for the same row share one connection."""

    def __init__(self, options: DatabaseOptions) -> None:
        self._seconds = options.lock_timeout_seconds
        self._connections = asyncio.Semaphore(max(1, options.pool_size // 2))
        self._bulkhead = Bulkhead(MAX_WAITING)
        self._rows = KeyedLock()

    async def run(self, row: Hashable, owner: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, which waits for a row lock, after the earlier commands for the same row.

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
