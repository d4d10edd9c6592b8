"""One kind of fault, how often it is wanted, and what came of it."""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .load import Load, under_load

FIRST_SECONDS = 60.0
"""How much longer a kind goes on until a fault has counted: a slow machine is no reason for none."""

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from .history import Call, Violation


class CannotBeDoneError(Exception):
    """Something this kind of fault needs is not on this machine; the argument says what, and how to get it."""


class Amount(NamedTuple):
    """How often a fault is wanted, and after how many seconds no new one is begun."""

    times: int
    seconds: float


@dataclass
class Trial:
    """A kind of fault while it is tried, and its outcome.

    meaning: what the fault is, in a sentence.
    times: how many faults counted: each had cut something that was under way.
    count: how many calls there were, also when they are no longer held.
    note: something to add to its line; None is nothing.
    trouble: why it came to nothing; None if it did not.
    impossible: whether that is because this machine lacks something.
    """

    name: str
    amount: Amount
    meaning: str = ""
    times: int = 0
    count: int = 0
    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    note: str | None = None
    trouble: str | None = None
    impossible: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - to repeat, not a secret

    @property
    def lost(self) -> list[Violation]:
        """What was acknowledged and is no longer true."""
        return [broken for broken in self.violations if broken.kind == "lost"]

    @property
    def others(self) -> list[Violation]:
        """The other broken promises."""
        return [broken for broken in self.violations if broken.kind != "lost"]

    @property
    def passed(self) -> bool:
        """Whether it was done, at least once, and every promise was kept."""
        return self.trouble is None and self.times > 0 and not self.violations

    def rounds(self) -> Iterator[int]:
        """Go on until enough faults have counted or time is over; there is always a first round, if need be more."""
        until = time.monotonic() + self.amount.seconds
        for number in itertools.count():
            late = time.monotonic() > (until if self.times else until + FIRST_SECONDS)
            if number and (self.times >= self.amount.times or late):
                return
            yield number

    @contextlib.asynccontextmanager
    async def under(self, load: Load, *, room_for_all: bool = False) -> AsyncIterator[Load]:
        """Let the load run while the context lasts, and judge what its callers saw."""
        async with under_load(load):
            yield load
        await self.judge(load, room_for_all=room_for_all)

    async def judge(self, load: Load, *, room_for_all: bool = False) -> None:
        """Judge what the callers saw."""
        self.violations += await load.verdict(room_for_all=room_for_all)
        self.calls += load.calls


class Kind(NamedTuple):
    """A kind of fault: its name, how it is tried, and how much of it in a short and in a full run."""

    name: str
    run: Callable[[Trial], Awaitable[None]]
    quick: Amount
    full: Amount


def program(name: str, package: str) -> str:
    """The path of a program; raises CannotBeDoneError naming the Debian package it comes with."""
    found = shutil.which(name)
    if found is None:
        raise CannotBeDoneError(f"{name} is missing: apt install {package}")
    return found
