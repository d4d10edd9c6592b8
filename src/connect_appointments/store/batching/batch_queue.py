"""Calls that wait for the next batch: no more than are served in time, shed fairly between owners."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from connect_appointments.core.errors import Overloaded


class Command(Protocol):
    """One call of a batch. Commands with equal keys are one command, and share its answer.

    It may have an `owner`; commands without one are all of the same owner. It may name the `row` that it locks, where
    the key says more.
    """

    @property
    def key(self) -> Hashable: ...


C = TypeVar("C", bound=Command)
R = TypeVar("R")

LONGEST_WAIT_SECONDS = 0.1
"""A call waits no longer than this for the batches before its own, but always for one: it lets a burst in, no jam."""
PACES = 4
"""The quickest of the last batches gives the pace: one that was slow for once is no jam, nor is the first."""


class BatchQueue(Generic[C, R]):
    """The calls that wait, in the order they came."""

    def __init__(self, *, max_batch: int, max_waiting: int) -> None:
        """An empty queue.

        max_batch: commands that go together.
        max_waiting: calls that may wait, however quick the batches are.
        """
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._commands: dict[Hashable, tuple[C, list[asyncio.Future[R]]]] = {}
        self._count = 0
        self._of_owner: dict[str, int] = {}
        self._limit = max_waiting
        self._paces: deque[float] = deque(maxlen=PACES)

    def __bool__(self) -> bool:
        """Whether any call waits."""
        return bool(self._commands)

    def add(self, command: C) -> asyncio.Future[R]:
        """Let a call wait; raise `Overloaded` when the queue is full."""
        owner = owner_of(command)
        if self._count >= self._limit:
            self._shed_for(owner)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        # A future each: a caller that goes away cancels its own alone.
        self._commands.setdefault(command.key, (command, []))[1].append(future)
        self._of_owner[owner] = self._of_owner.get(owner, 0) + 1
        self._count += 1
        return future

    def take(self) -> list[tuple[C, list[asyncio.Future[R]]]]:
        """The next batch, taken out of the queue."""
        if len(self._commands) <= self._max_batch:
            batch, self._commands = list(self._commands.values()), {}
            self._of_owner = {}
            self._count = 0
            return batch
        batch = [self._commands.pop(key) for key in list(self._commands)[: self._max_batch]]
        for command, futures in batch:
            self._remove(owner_of(command), len(futures))
        return batch

    def served(self, seconds: float) -> None:
        """Note how long a batch took, and let as many calls wait as are served in time at that pace."""
        self._paces.append(seconds)
        if len(self._paces) < PACES:
            return
        batches = LONGEST_WAIT_SECONDS // max(min(self._paces), 0.001)
        self._limit = min(self._max_waiting, self._max_batch * max(1, int(batches)))
        while self._count > self._limit:
            self._shed(self._heaviest())

    def _shed_for(self, owner: str) -> None:
        """Shed the newest call of the heaviest owner; raise `Overloaded` where that is the owner of the new call."""
        heaviest = self._heaviest() if self._of_owner else owner
        if self._of_owner.get(heaviest, 0) <= self._of_owner.get(owner, 0) + 1:
            raise Overloaded
        self._shed(heaviest)

    def _heaviest(self) -> str:
        return max(self._of_owner, key=self._of_owner.__getitem__)

    def _shed(self, owner: str) -> None:
        """Answer the owner's newest call with `Overloaded`: nothing was done for it yet."""
        key = next(key for key, (command, _) in reversed(self._commands.items()) if owner_of(command) == owner)
        futures = self._commands[key][1]
        future = futures.pop()
        if not futures:
            del self._commands[key]
        self._remove(owner, 1)
        if not future.done():
            future.set_exception(Overloaded())

    def _remove(self, owner: str, calls: int) -> None:
        self._count -= calls
        left = self._of_owner[owner] - calls
        if left:
            self._of_owner[owner] = left
        else:
            del self._of_owner[owner]


def owner_of(command: Command) -> str:
    """The owner of a call, or an empty text."""
    return getattr(command, "owner", "")
