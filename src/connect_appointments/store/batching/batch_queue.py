"""The bounded queue of calls for the next batch, with load shedding that is fair between owners."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from connect_appointments.core.errors import Overloaded


class Command(Protocol):
    """One call of a batch. Commands with equal keys are one command and share its result.

    A command may have an `owner`; all commands without an owner count as one owner. A command may name the `row` that
    it
    locks, if the key contains more than the row.
    """

    @property
    def key(self) -> Hashable: ...


C = TypeVar("C", bound=Command)
R = TypeVar("R")

LONGEST_WAIT_SECONDS = 0.1
"""Queued calls wait at most this long for earlier batches; one batch may always queue: bursts pass, jams are shed."""
PACES = 4
"""Number of recent batches; the fastest sets the pace, so that one slow batch, or the very first, sheds no calls."""


class BatchQueue(Generic[C, R]):
    """The queued calls, in order of arrival."""

    def __init__(self, *, max_batch: int, max_waiting: int) -> None:
        """Create an empty queue.

        max_batch: commands in one batch.
        max_waiting: upper limit of queued calls, however fast the batches are.
        """
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._commands: dict[Hashable, tuple[C, list[asyncio.Future[R]]]] = {}
        self._count = 0
        self._of_owner: dict[str, int] = {}
        self._limit = max_waiting
        self._paces: deque[float] = deque(maxlen=PACES)

    def __bool__(self) -> bool:
        """Whether the queue contains calls."""
        return bool(self._commands)

    def add(self, command: C) -> asyncio.Future[R]:
        """Queue a call; raise `Overloaded` when the queue is full."""
        owner = owner_of(command)
        if self._count >= self._limit:
            self._shed_for(owner)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        # Every caller gets its own future, so that cancelling one call leaves the other callers of the command alone.
        key = command.key
        queued = self._commands.get(key)
        if queued is None:
            self._commands[key] = (command, [future])
        else:
            queued[1].append(future)
        self._of_owner[owner] = self._of_owner.get(owner, 0) + 1
        self._count += 1
        return future

    def take(self) -> list[tuple[C, list[asyncio.Future[R]]]]:
        """Remove the next batch from the queue and return it."""
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
        """Record the duration of a batch, and limit the queue to the calls that can be served in time at this pace."""
        self._paces.append(seconds)
        if len(self._paces) < PACES:
            return
        batches = LONGEST_WAIT_SECONDS // max(min(self._paces), 0.001)
        self._limit = min(self._max_waiting, self._max_batch * max(1, int(batches)))
        while self._count > self._limit:
            self._shed(self._heaviest())

    def _shed_for(self, owner: str) -> None:
        """Shed the newest call of the heaviest owner; raise `Overloaded` if the new call is from this owner."""
        heaviest = self._heaviest() if self._of_owner else owner
        if self._of_owner.get(heaviest, 0) <= self._of_owner.get(owner, 0) + 1:
            raise Overloaded
        self._shed(heaviest)

    def _heaviest(self) -> str:
        return max(self._of_owner, key=self._of_owner.__getitem__)

    def _shed(self, owner: str) -> None:
        """Fail the owner's newest call with `Overloaded`; no work on it has started."""
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
    """The owner of a command; empty if the command has no owner."""
    return getattr(command, "owner", "")
