"""Calls that wait for the next batch: no more than are served in time, and no owner keeps the others out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from connect_appointments.core.errors import Overloaded


class Member(Protocol):
    """One call of a batch. Members with equal keys are one member, and share its result.

    It may have an `owner` besides; those that have none are all of one.
    """

    @property
    def key(self) -> Hashable: ...


M = TypeVar("M", bound=Member)
R = TypeVar("R")

LONGEST_WAIT_SECONDS = 0.1
"""Longer than this nobody waits for batches before his own, but always for one: a burst is let in, a jam is not."""
PACES = 4
"""Of so many batches the quickest tells how quick they are: one that was slow for once is no jam, nor is the first."""


class Waiting(Generic[M, R]):
    """Those who wait, in the order they came."""

    def __init__(self, *, max_batch: int, max_waiting: int) -> None:
        """Nobody waits yet.

        max_batch: members that go together.
        max_waiting: calls that may wait, however quick the batches are.
        """
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._members: dict[Hashable, tuple[M, list[asyncio.Future[R]]]] = {}
        self._count = 0
        self._of_owner: dict[str, int] = {}
        self._room = max_waiting
        self._paces: deque[float] = deque(maxlen=PACES)

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._members)

    def add(self, member: M) -> asyncio.Future[R]:
        """Let a call wait; raise `Overloaded` when there is no room for it."""
        owner = _owner(member)
        if self._count >= self._room:
            self._make_room_for(owner)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        # A future each: a caller that goes away cancels its own and nobody else's.
        self._members.setdefault(member.key, (member, []))[1].append(future)
        self._of_owner[owner] = self._of_owner.get(owner, 0) + 1
        self._count += 1
        return future

    def take(self) -> list[tuple[M, list[asyncio.Future[R]]]]:
        """The next batch, who wait for it no more."""
        if len(self._members) <= self._max_batch:
            batch, self._members = list(self._members.values()), {}
            self._of_owner = {}
            self._count = 0
            return batch
        batch = [self._members.pop(key) for key in list(self._members)[: self._max_batch]]
        for member, futures in batch:
            self._remove(_owner(member), len(futures))
        return batch

    def served(self, seconds: float) -> None:
        """A batch took so long: make room for as many as are served in time at that pace."""
        self._paces.append(seconds)
        if len(self._paces) < PACES:
            return
        batches = LONGEST_WAIT_SECONDS // max(min(self._paces), 0.001)
        self._room = min(self._max_waiting, self._max_batch * max(1, int(batches)))
        while self._count > self._room:
            self._send_away(self._greediest())

    def _make_room_for(self, owner: str) -> None:
        """Send away a call of who has most of them here, unless that is this owner."""
        greediest = self._greediest() if self._of_owner else owner
        if self._of_owner.get(greediest, 0) <= self._of_owner.get(owner, 0) + 1:
            raise Overloaded
        self._send_away(greediest)

    def _greediest(self) -> str:
        return max(self._of_owner, key=self._of_owner.__getitem__)

    def _send_away(self, owner: str) -> None:
        """Refuse the owner's last call: nothing was done for it yet."""
        key = next(key for key, (member, _) in reversed(self._members.items()) if _owner(member) == owner)
        futures = self._members[key][1]
        future = futures.pop()
        if not futures:
            del self._members[key]
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


def _owner(member: Member) -> str:
    return getattr(member, "owner", "")
