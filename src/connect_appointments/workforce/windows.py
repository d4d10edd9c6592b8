"""Which days and windows a technician may come, in the local time of the site.

Every `now` is an aware datetime. Source: contract D21, D28, D29.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

from connect_appointments.core.model import Slot, SlotType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connect_appointments.core.model import Site

WINDOWS: Mapping[SlotType, tuple[time, time]] = MappingProxyType(
    {SlotType.AM: (time(8), time(12)), SlotType.PM: (time(13), time(17))},
)
"""Start and end of each window, wall time at the site."""

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Rules:
    """What the operator sells.

    slot_days: calendar days looked at from the first one on.
    lead_days: working days between today and the first day sold; 0 sells today.
    horizon_days: how many calendar days ahead a `dateFrom` may be.
    country: ISO 3166-1 alpha-2, whose public holidays count.
    """

    slot_days: int = 14
    lead_days: int = 1
    horizon_days: int = 89
    country: str = "AU"


def known_time_zone(name: str) -> bool:
    """Whether this is the exact name of an IANA time zone; never raises."""
    return name in _time_zone_names()


def known_state(state: str, country: str) -> bool:
    """Whether holidays are known for this state or territory, by its exact code ("QLD"); never raises."""
    return state in holidays.list_supported_countries().get(country, ())


def is_working_day(day: date, state: str, country: str) -> bool:
    """Whether technicians work there: Monday to Friday and no public holiday of the state.

    Raises NotImplementedError for a weekday in a state or country that `known_state` refuses.
    """
    return day.weekday() < _SATURDAY and day not in _public_holidays(state, country, day.year)


def local_date(now: datetime, time_zone: str) -> date:
    """Today's date in an IANA time zone; raises ValueError where `now` has no time zone of its own."""
    if now.tzinfo is None:
        # astimezone() would silently take it for the local time of this machine.
        message = "a time without a time zone has no local date"
        raise ValueError(message)
    return now.astimezone(ZoneInfo(time_zone)).date()


def earliest_date_from(now: datetime, site: Site) -> date:
    """Return the first day a caller may ask for: today at the site. Source: contract D21."""
    return local_date(now, site.time_zone)


def latest_date_from(now: datetime, site: Site, rules: Rules) -> date:
    """Return the last day a caller may ask for. Source: contract D21."""
    return local_date(now, site.time_zone) + timedelta(days=rules.horizon_days)


def earliest_day(now: datetime, site: Site, rules: Rules) -> date:
    """Return the first day that may be sold: today at the site, advanced by the lead time in working days."""
    day = local_date(now, site.time_zone)
    for _ in range(rules.lead_days):
        day = _next_working_day(day, site.state, rules.country)
    return day


def days_on_offer(now: datetime, site: Site, date_from: date, rules: Rules) -> tuple[date, ...]:
    """Return the working days on offer, in order; with no lead time also today, even when its windows have begun."""
    first = max(date_from, earliest_day(now, site, rules))
    days = (first + timedelta(days=n) for n in range(rules.slot_days))
    return tuple(day for day in days if is_working_day(day, site.state, rules.country))


def slot_for(site: Site, day: date, slot_type: SlotType) -> Slot:
    """Return one window of one day at the site; the same area, day and type have the same id each time."""
    zone = ZoneInfo(site.time_zone)
    start, end = (datetime.combine(day, wall, zone) for wall in WINDOWS[slot_type])
    return Slot(
        id=_slot_id(site.area, day, slot_type),
        slot_type=slot_type,
        # The end is not start plus four hours: the wall clock is what was promised, also when the clocks change.
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        timezone_offset=_offset(start),
    )


def slot_key(slot: Slot, site: Site) -> tuple[str, date, SlotType]:
    """Return what names the slot's capacity: area, day at the site, window."""
    return site.area, local_date(slot.start, site.time_zone), slot.slot_type


def may_still_be_booked(slot: Slot, now: datetime, site: Site, rules: Rules) -> bool:
    """Whether the slot has neither started nor fallen inside the lead time. Source: contract D29."""
    return now < slot.start and local_date(slot.start, site.time_zone) >= earliest_day(now, site, rules)


def _next_working_day(day: date, state: str, country: str) -> date:
    day += _ONE_DAY
    while not is_working_day(day, state, country):
        day += _ONE_DAY
    return day


def _slot_id(area: str, day: date, slot_type: SlotType) -> str:
    # The area comes last: the parts before it have a fixed length, so no area can imitate another day or window.
    return blake2b(f"{day.isoformat()} {slot_type} {area}".encode(), digest_size=10).hexdigest()


def _offset(moment: datetime) -> str:
    digits = moment.strftime("%z")
    return f"{digits[:3]}:{digits[3:5]}"


@lru_cache(maxsize=1024)
def _public_holidays(state: str, country: str, year: int) -> frozenset[date]:
    # Not the library's own object: that one fills itself while it is read, which two threads must not do at once.
    found = holidays.country_holidays(country, subdiv=state, years=year, expand=False, categories="public")
    return frozenset(found)


@cache
def _time_zone_names() -> frozenset[str]:
    # A list, not a try of ZoneInfo(name): that one opens files, and what it takes differs by machine ("localtime").
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
