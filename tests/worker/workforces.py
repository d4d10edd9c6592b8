"""Workforce systems that wait, fail or lie as a test tells them, in front of the calendar or alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connect_appointments.core.model import Slot, SlotType
from connect_appointments.store.engine import Database
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.calendar.calendar import Calendar
from connect_appointments.workforce.port import (
    Availability,
    AvailabilityQuery,
    CancelCommand,
    Cancelled,
    CursorExpired,
    MoveCommand,
    News,
    NewsItem,
    NewsKind,
    NotYet,
    Refused,
    ReleaseCommand,
    ReserveCommand,
    Reserved,
    Workforce,
)


def calendar(database: Database) -> Calendar:
    """Our own calendar with the policy of the service."""
    return Calendar(database, default_policy())


class Behind:
    """A workforce system that passes on what it is asked to another one."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class Gate:
    """Lets through whoever asks, or makes them wait while it is shut."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._somebody = asyncio.Event()
        self.asked = 0

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def pass_through(self) -> None:
        self.asked += 1
        self._somebody.set()
        await self._open.wait()

    async def until_asked(self) -> None:
        """Return once somebody has come to the gate."""
        async with asyncio.timeout(20):
            await self._somebody.wait()


class Gated(Behind):
    """A workforce system with a gate before finding slots and before reserving them."""

    def __init__(self, behind: Workforce) -> None:
        super().__init__(behind)
        self.searching = Gate()
        self.reserving = Gate()

    async def find_slots(self, queries: Sequence[AvailabilityQuery], now: datetime) -> Any:
        await self.searching.pass_through()
        return await self._behind.find_slots(queries, now)

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        await self.reserving.pass_through()
        return await self._behind.reserve(commands, now)


class Failing(Behind):
    """A workforce system whose next so many calls fail."""

    def __init__(self, behind: Any, error: Exception, times: int) -> None:
        super().__init__(behind)
        self._error = error
        self.times = times

    def _fail(self) -> None:
        if self.times > 0:
            self.times -= 1
            raise self._error

    async def find_slots(self, queries: Sequence[AvailabilityQuery], now: datetime) -> Any:
        self._fail()
        return await self._behind.find_slots(queries, now)

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        self._fail()
        return await self._behind.reserve(commands, now)


class Scripted:
    """A workforce system that answers what the test has written down, and remembers what it was asked."""

    def __init__(self, slots: Sequence[Slot] = (), *, grants: bool = True) -> None:
        self.slots = slots
        self.grants = grants
        self.held_until: datetime | None = None
        self.cancelled: list[str] = []
        self.released: list[ReleaseCommand] = []

    async def find_slots(self, queries: Sequence[AvailabilityQuery], _now: datetime) -> Any:
        return [Availability(self.slots, held_until=self.held_until) for _ in queries]

    async def release_offer(self, commands: Sequence[ReleaseCommand]) -> Any:
        self.released += commands
        return [None for _ in commands]

    async def reserve(self, commands: Sequence[ReserveCommand], _now: datetime) -> Any:
        return [self._reserved(one.key) for one in commands]

    def _reserved(self, key: str) -> Reserved | Refused:
        number = int(key.rpartition("-")[2])
        return Reserved(f"APT{number:012d}") if self.grants else Refused("no technician")

    async def move(self, commands: Sequence[MoveCommand], _now: datetime) -> Any:
        return [self._reserved(one.key) for one in commands]

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        self.cancelled += [one.key for one in commands]
        return [Cancelled() for _ in commands]


class Cancelling(Behind):
    """A workforce system that gives these answers to cancels, one after the other, and then asks the one behind it.

    An exception is raised by the call. `asked` is the keys that it was to cancel, `sought` the keys that it was to
    find.
    """

    def __init__(self, behind: Any, *answers: Any) -> None:
        super().__init__(behind)
        self._answers = list(answers)
        self.asked: list[str] = []
        self.sought: list[str] = []
        self.finds: list[Exception] = []

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        self.asked += [one.key for one in commands]
        if not self._answers:
            return await self._behind.cancel(commands)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer for _ in commands]

    async def find(self, keys: Sequence[str]) -> Any:
        self.sought += keys
        return [self.finds.pop(0)] if self.finds else await self._behind.find(keys)


class Refusing(Behind):
    """A workforce system that refuses the first numbers of cancels, and keeps the answer to each number for ever.

    asked: the commands that it was given.
    """

    def __init__(self, behind: Any, refusals: int) -> None:
        super().__init__(behind)
        self._refusals = refusals
        self._refused: dict[tuple[str, int | None], Refused] = {}
        self.asked: list[CancelCommand] = []

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        self.asked += commands
        return [await self._answer(one) for one in commands]

    async def _answer(self, command: CancelCommand) -> Any:
        number = (command.key, command.number)
        if number not in self._refused and len(self._refused) < self._refusals:
            self._refused[number] = Refused("the technician is on the way")
        if number in self._refused:
            return self._refused[number]
        (answer,) = await self._behind.cancel([command])
        return answer


class Reporting(Behind):
    """A workforce system whose news is a list of reports; a cursor is a position in the list.

    expired: cursors that the next call with them finds expired.
    now: the time of its decisions and of its reports.
    """

    def __init__(self, behind: Any) -> None:
        super().__init__(behind)
        self.reports: list[NewsItem] = []
        self.cursors: list[str | None] = []
        self.expired: set[str | None] = set()
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        return [self._at(answer) for answer in await self._behind.reserve(commands, now)]

    async def move(self, commands: Sequence[MoveCommand], now: datetime) -> Any:
        return [self._at(answer) for answer in await self._behind.move(commands, now)]

    def _at(self, answer: Any) -> Any:
        return replace(answer, at=self.now) if isinstance(answer, Reserved) else answer

    def report(self, workforce_id: str, kind: NewsKind, reason: str | None = None, slot: Slot | None = None) -> None:
        """Add a report."""
        self.reports.append(NewsItem(workforce_id, kind, self.now, reason, slot))

    async def news(self, cursor: str | None) -> News:
        self.cursors.append(cursor)
        if cursor in self.expired:
            self.expired.remove(cursor)
            raise CursorExpired
        position = 0 if cursor is None else int(cursor)
        return News(self.reports[position:], str(len(self.reports)))


def morning(name: str) -> Slot:
    """A slot by this name."""
    start = datetime(2054, 11, 23, 22, tzinfo=UTC)
    return Slot(name, SlotType.AM, start, start + timedelta(hours=4), "+10:00")


class Broken:
    """A workforce system that never answers anything."""

    async def find_slots(self, *_: Any) -> Any:
        raise ConnectionError("down")

    async def reserve(self, *_: Any) -> Any:
        raise ConnectionError("down")


class Undecided(Scripted):
    """A workforce system that is to be asked again at once."""

    async def reserve(self, commands: Sequence[ReserveCommand], _now: Any) -> Any:
        return [NotYet(0) for _ in commands]
