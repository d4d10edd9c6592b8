"""Locks by key, within this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable


class KeyedLock:
    """One lock per key; the lock exists only while it is in use."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._wanted: dict[Hashable, int] = {}

    @contextlib.asynccontextmanager
    async def locked(self, key: Hashable) -> AsyncIterator[None]:
        """Acquire the lock of the key and hold it for the duration of the context."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._locks[key]
