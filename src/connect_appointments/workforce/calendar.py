"""The workforce as a calendar of our own: so many places per area, day and half-day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.store import capacity
from connect_appointments.store.capacity import Window
from connect_appointments.store.engine import Database
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.workforce.windows import Rules, days_on_offer, may_still_be_booked, slot_for, slot_key


class Asked(NamedTuple):
    """An area and the days it is asked about: many searches ask the same at a time."""

    area: str
    days: Sequence[date]

    @property
    def key(self) -> Asked:
        """Itself."""
        return self


class Calendar:
    """A `Workforce` whose technicians are rows of the capacity table."""

    def __init__(self, database: Database, rules: Rules) -> None:
        """`rules`: which days may be offered and booked."""
        self._database = database
        self._rules = rules
        self._rooms = GroupCommit[Asked, set[Window]](self._read_rooms)

    async def find_slots(self, site: Site, date_from: date, now: datetime) -> Sequence[Slot]:
        """The windows with room on the working days of the offer, earliest first."""
        days = days_on_offer(now, site, date_from, self._rules)
        room = await self._rooms.submit(Asked(site.area, days))
        slots = [slot_for(site, day, half) for day in days for half in SlotType if Window(site.area, day, half) in room]
        return [slot for slot in slots if may_still_be_booked(slot, now, site, self._rules)]

    async def _read_rooms(self, asked: Sequence[Asked]) -> Sequence[set[Window]]:
        async def work(connection: AsyncConnection) -> list[set[Window]]:
            return [await capacity.with_room(connection, one.area, one.days) for one in asked]

        return await self._database.read(work)

    async def reserve(self, booking_id: int, site: Site, slot: Slot, now: datetime) -> str | None:
        """Take one place, unless the window is full, has started or is inside the lead time; decide only once."""
        window = Window(*slot_key(slot, site))
        in_time = may_still_be_booked(slot, now, site, self._rules)

        async def work(connection: AsyncConnection) -> bool:
            decided = await capacity.decision(connection, booking_id)
            if decided is not None:
                return decided
            granted = in_time and await capacity.take_place(connection, window)
            await capacity.decide(connection, booking_id, window, granted=granted)
            return granted

        granted = await self._database.write(work)
        return f"APT{booking_id:012d}" if granted else None
