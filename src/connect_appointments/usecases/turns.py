"""Who is at work on what in this process, and how many may be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable, Iterator

from connect_appointments.core.errors import IdempotencyKeyInUse, Overloaded


class Room:
    """So many at once and no more: a queue that grows without end answers nobody."""

    def __init__(self, places: int) -> None:
        """`places` may be taken at once, half of them by one owner: the others need the rest."""
        self._free = places
        self._most_of_one = (places + 1) // 2
        self._taken: dict[Hashable, int] = {}

    @contextlib.contextmanager
    def place(self, owner: Hashable) -> Iterator[None]:
        """Take a place; raise `Overloaded` when there is none for this owner."""
        taken = self._taken.get(owner, 0)
        if self._free == 0 or taken >= self._most_of_one:
            raise Overloaded
        self._free -= 1
        self._taken[owner] = taken + 1
        try:
            yield
        finally:
            self._free += 1
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]


class Turns:
    """Named locks that exist only while somebody wants them."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._wanted: dict[Hashable, int] = {}

    @contextlib.asynccontextmanager
    async def each(self, name: Hashable) -> AsyncIterator[None]:
        """Wait for one's turn."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name], self._locks[name]

    @contextlib.asynccontextmanager
    async def only_one(self, name: Hashable) -> AsyncIterator[None]:
        """Raise `IdempotencyKeyInUse` rather than wait."""
        if name in self._locks:
            raise IdempotencyKeyInUse
        async with self.each(name):
            yield
