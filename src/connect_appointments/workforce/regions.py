"""Time zones, states and public holidays, as the libraries know them."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache, partial
from importlib import resources

import holidays

from connect_appointments.core.windows import IsWorkingDay

_SATURDAY = 5


def known_time_zone(name: str) -> bool:
    """Whether this is the exact name of an IANA time zone; never raises."""
    return name in _time_zone_names()


def known_state(state: str, country: str) -> bool:
    """Whether holidays are known for this state or territory, by its exact code ("QLD"); never raises."""
    return state in holidays.list_supported_countries().get(country, ())


def working_days(country: str) -> IsWorkingDay:
    """The working days of a country, ISO 3166-1 alpha-2: Monday to Friday and no public holiday of the state.

    The function that is returned raises NotImplementedError for a weekday in a state that `known_state` refuses.
    """
    return partial(_is_working_day, country)


def _is_working_day(country: str, day: date, state: str) -> bool:
    return day.weekday() < _SATURDAY and day not in _public_holidays(state, country, day.year)


@lru_cache(maxsize=1024)
def _public_holidays(state: str, country: str, year: int) -> frozenset[date]:
    # Not the library's own object: that one fills itself while it is read, which two threads must not do at once.
    found = holidays.country_holidays(country, subdiv=state, years=year, expand=False, categories="public")
    return frozenset(found)


@cache
def _time_zone_names() -> frozenset[str]:
    # A list, not a try of ZoneInfo(name): that one opens files, and what it takes differs by machine ("localtime").
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
