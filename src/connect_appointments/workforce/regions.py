"""Time zones, states and public holidays, from libraries."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache, partial
from importlib import resources

import holidays

from connect_appointments.core.windows import IsWorkingDay

_SATURDAY = 5


def known_time_zone(name: str) -> bool:
    """Whether the name is exactly the name of an IANA time zone; never raises."""
    return name in _time_zone_names()


def known_state(state: str, country: str) -> bool:
    """Whether the holidays of this state or territory are known, by its exact code ("QLD"); never raises."""
    return state in holidays.list_supported_countries().get(country, ())


def working_days(country: str) -> IsWorkingDay:
    """The working days of a country, ISO 3166-1 alpha-2: Monday to Friday except public holidays of the state.

    The returned function raises NotImplementedError for a weekday in a state that `known_state` refuses.
    """
    return partial(_is_working_day, country)


def _is_working_day(country: str, day: date, state: str) -> bool:
    return day.weekday() < _SATURDAY and day not in _public_holidays(state, country, day.year)


@lru_cache(maxsize=1024)
def _public_holidays(state: str, country: str, year: int) -> frozenset[date]:
    # Not the library's own object, which adds years while it is read and is not thread-safe.
    found = holidays.country_holidays(country, subdiv=state, years=year, expand=False, categories="public")
    return frozenset(found)


@cache
def _time_zone_names() -> frozenset[str]:
    # A list, because ZoneInfo(name) opens files and accepts different names on different machines ("localtime").
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
