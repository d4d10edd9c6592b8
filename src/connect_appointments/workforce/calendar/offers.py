"""The free slots of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from connect_appointments.core.capacity import Window
from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.core.windows import BookingPolicy, days_on_offer, slot_for, slot_key
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.slots import Offer
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.port import Availability, AvailabilityQuery


class _Days(NamedTuple):
    """A site and the days on which it can be visited, shared by many queries."""

    site: Site
    days: tuple[date, ...]


async def find_slots(
    database: Database, policy: BookingPolicy, queries: Sequence[AvailabilityQuery], now: datetime
) -> list[Availability]:
    """The windows with free capacity on the working days of each query, earliest first."""
    asked = [
        _Days(query.visit.site, days_on_offer(now, query.visit.site, query.date_from, policy)) for query in queries
    ]
    area_days = {(days.site.area, day) for days in asked for day in days.days}

    async def work(transaction: Transaction) -> set[Window]:
        return await capacity.free_windows(transaction, sorted(area_days))

    free = await database.read(work, batch=True) if area_days else set()
    found = {days: _availability(days, free, now) for days in set(asked)}
    return [
        found[days] if query.own is None else _availability(days, free | _own_windows(days.site, query.own), now)
        for days, query in zip(asked, queries, strict=True)
    ]


def _own_windows(site: Site, own: Slot) -> set[Window]:
    """The window of the appointment's own place; none if the order's area has changed since."""
    window = Window(*slot_key(own, site))
    return {window} if slot_for(site, window.day, window.slot_type).id == own.id else set()


def _availability(asked: _Days, free: set[Window], now: datetime) -> Availability:
    windows = frozenset(window for window in free if window.area == asked.site.area)
    slots = _slots(asked, windows)
    if slots and slots[0].start <= now:
        slots = Offer(slot for slot in slots if now < slot.start)
    return Availability(slots) if slots else Availability(slots, "no capacity is free on the days of the offer")


@lru_cache(maxsize=256)
def _slots(asked: _Days, free: frozenset[Window]) -> Offer:
    return Offer(_free_slots(asked, free))


def _free_slots(asked: _Days, free: frozenset[Window]) -> Sequence[Slot]:
    return [
        slot_for(asked.site, day, half)
        for day in asked.days
        for half in SlotType
        if Window(asked.site.area, day, half) in free
    ]
