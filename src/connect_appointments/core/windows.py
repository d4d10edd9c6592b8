"""The days and windows of technician visits, in the local time of the site.

Every `now` is an aware datetime. Source: contract D21, D28, D29.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from zoneinfo import ZoneInfo

from connect_appointments.core.model import Site, Slot, SlotType

WINDOWS: Mapping[SlotType, tuple[time, time]] = MappingProxyType(
    {SlotType.AM: (time(8), time(12)), SlotType.PM: (time(13), time(17))},
)
"""Start and end of each window, in the site's local time."""

_ONE_DAY = timedelta(days=1)

IsWorkingDay = Callable[[date, str], bool]
"""Whether a day is a working day in a state or territory."""


@dataclass(frozen=True)
class BookingPolicy:
    """The operator's booking rules.

    is_working_day: the working days, from the public holidays library.
    slot_days: calendar days to search, starting with the first bookable day.
    lead_days: working days between today and the first bookable day; 0 permits today.
    horizon_days: the maximum number of calendar days from today to a `dateFrom`.
    cancellation_cutoff_time: the last time, local to the site, at which a visit can be cancelled (D41).
    cancellation_cutoff_working_days: working days from the day of that time to the visit; 0 is the day of the visit.
    offer_minutes: how long a slot offer lasts; None sets no limit (D47).
    """

    is_working_day: IsWorkingDay
    slot_days: int = 14
    lead_days: int = 1
    horizon_days: int = 89
    cancellation_cutoff_time: time = time(17)
    cancellation_cutoff_working_days: int = 1
    offer_minutes: int | None = None


def local_date(now: datetime, time_zone: str) -> date:
    """Today's date in an IANA time zone; raises ValueError if `now` is a naive datetime."""
    if now.tzinfo is None:
        # astimezone() would silently interpret it as local time of this machine.
        message = "a time without a time zone has no local date"
        raise ValueError(message)
    return now.astimezone(ZoneInfo(time_zone)).date()


def earliest_date_from(now: datetime, site: Site) -> date:
    """Return the first permitted `dateFrom`: today at the site. Source: contract D21."""
    return local_date(now, site.time_zone)


def latest_date_from(now: datetime, site: Site, policy: BookingPolicy) -> date:
    """Return the last permitted `dateFrom`. Source: contract D21."""
    return local_date(now, site.time_zone) + timedelta(days=policy.horizon_days)


def earliest_day(now: datetime, site: Site, policy: BookingPolicy) -> date:
    """Return the first bookable day: today at the site, plus the lead time in working days."""
    return _earliest_day(local_date(now, site.time_zone), site.state, policy)


def _earliest_day(today: date, state: str, policy: BookingPolicy) -> date:
    day = today
    for _ in range(policy.lead_days):
        day = _next_working_day(day, state, policy.is_working_day)
    return day


def days_on_offer(now: datetime, site: Site, date_from: date, policy: BookingPolicy) -> tuple[date, ...]:
    """Return the offered working days, in order; without a lead time also today, even if its windows have begun."""
    return _days_on_offer(local_date(now, site.time_zone), site.state, date_from, policy)


@lru_cache(maxsize=1024)
def _days_on_offer(today: date, state: str, date_from: date, policy: BookingPolicy) -> tuple[date, ...]:
    first = max(date_from, _earliest_day(today, state, policy))
    days = (first + timedelta(days=n) for n in range(policy.slot_days))
    return tuple(day for day in days if policy.is_working_day(day, state))


def slot_for(site: Site, day: date, slot_type: SlotType) -> Slot:
    """Return a window of a day at the site; the id depends only on the area, day and type."""
    zone = ZoneInfo(site.time_zone)
    start, end = (datetime.combine(day, wall, zone) for wall in WINDOWS[slot_type])
    return Slot(
        id=_slot_id(site.area, day, slot_type),
        slot_type=slot_type,
        # The end is not start plus four hours: the window is defined in local time, also across a clock change.
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        timezone_offset=_offset(start),
    )


def slot_key(slot: Slot, site: Site) -> tuple[str, date, SlotType]:
    """Return the key of the slot's capacity: area, day at the site, window."""
    return site.area, local_date(slot.start, site.time_zone), slot.slot_type


def may_still_be_booked(slot: Slot, now: datetime, site: Site, policy: BookingPolicy) -> bool:
    """Whether the slot has neither started nor fallen inside the lead time. Source: contract D29."""
    return now < slot.start and local_date(slot.start, site.time_zone) >= earliest_day(now, site, policy)


def _next_working_day(day: date, state: str, is_working_day: IsWorkingDay) -> date:
    day += _ONE_DAY
    while not is_working_day(day, state):
        day += _ONE_DAY
    return day


def _slot_id(area: str, day: date, slot_type: SlotType) -> str:
    # The area is last: the parts before it have a fixed length, so that the hash input is unambiguous.
    return blake2b(f"{day.isoformat()} {slot_type} {area}".encode(), digest_size=10).hexdigest()


def _offset(moment: datetime) -> str:
    digits = moment.strftime("%z")
    return f"{digits[:3]}:{digits[3:5]}"
