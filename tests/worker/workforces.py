"""Workforce systems that wait, fail or lie as a test tells them, in front of the calendar or alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.store.engine import Database
from connect_appointments.workforce.calendar import Calendar
from connect_appointments.workforce.port import Workforce
from connect_appointments.workforce.windows import Rules


def calendar(database: Database) -> Calendar:
    """Our own calendar with the rules of the service."""
    return Calendar(database, Rules())


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


class Gated:
    """A workforce system with a gate before each of its two calls."""

    def __init__(self, behind: Workforce) -> None:
        self._behind = behind
        self.searching = Gate()
        self.reserving = Gate()

    async def find_slots(self, site: Site, date_from: date, now: datetime) -> Sequence[Slot]:
        await self.searching.pass_through()
        return await self._behind.find_slots(site, date_from, now)

    async def reserve(self, booking_id: int, site: Site, slot: Slot, now: datetime) -> str | None:
        await self.reserving.pass_through()
        return await self._behind.reserve(booking_id, site, slot, now)


class Failing:
    """A workforce system whose next so many calls fail."""

    def __init__(self, behind: Workforce, error: Exception, times: int) -> None:
        self._behind = behind
        self._error = error
        self.times = times

    def _fail(self) -> None:
        if self.times > 0:
            self.times -= 1
            raise self._error

    async def find_slots(self, site: Site, date_from: date, now: datetime) -> Sequence[Slot]:
        self._fail()
        return await self._behind.find_slots(site, date_from, now)

    async def reserve(self, booking_id: int, site: Site, slot: Slot, now: datetime) -> str | None:
        self._fail()
        return await self._behind.reserve(booking_id, site, slot, now)


class Scripted:
    """A workforce system that answers what the test has written down."""

    def __init__(self, slots: Sequence[Slot] = (), *, grants: bool = True) -> None:
        self.slots = slots
        self.grants = grants

    async def find_slots(self, _site: Site, _date_from: date, _now: datetime) -> Sequence[Slot]:
        return self.slots

    async def reserve(self, booking_id: int, _site: Site, _slot: Slot, _now: datetime) -> str | None:
        return f"APT{booking_id:012d}" if self.grants else None


def morning(name: str) -> Slot:
    """A slot by this name."""
    start = datetime(2026, 11, 23, 22, tzinfo=UTC)
    return Slot(name, SlotType.AM, start, start + timedelta(hours=4), "+10:00")
