"""Capacity and days that the tests of the calendar are about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from connect_appointments.core.model import Site, SlotType
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.workforce.regions import working_days

AM, PM = SlotType.AM, SlotType.PM
BRISBANE = Site("Australia/Brisbane", "QLD", "QLD-1")
SYDNEY = Site("Australia/Sydney", "NSW", "NSW-1")
MELBOURNE = Site("Australia/Melbourne", "VIC", "VIC-1")
HOBART = Site("Australia/Hobart", "TAS", "TAS-1")
ADELAIDE = Site("Australia/Adelaide", "SA", "SA-1")
PERTH = Site("Australia/Perth", "WA", "WA-1")
LORD_HOWE = Site("Australia/Lord_Howe", "NSW", "NSW-9")
EUCLA = Site("Australia/Eucla", "WA", "WA-9")
SITES = (BRISBANE, SYDNEY, MELBOURNE, HOBART, ADELAIDE, PERTH, LORD_HOWE, EUCLA)
STATES = ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")
ZONES = (
    *(site.time_zone for site in SITES),
    "America/Los_Angeles",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Europe/London",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
)
ZONES_WITHOUT_A_USUAL_MIDNIGHT = (
    "Africa/Cairo",
    "America/Havana",
    "America/Santiago",
    "Asia/Beirut",
    "Atlantic/Azores",
)
"""Zones whose clocks change at midnight, so that a day begins at 01:00 or has midnight twice."""

is_working_day = working_days("AU")


def policy(**changes: Any) -> BookingPolicy:
    """What is sold in Australia, with any of it changed."""
    return BookingPolicy(is_working_day, **changes)


# A busy machine is no failure.
unhurried = settings(deadline=None)

days = st.dates(date(2025, 1, 1), date(2032, 12, 31))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive by definition)
sites = st.sampled_from(SITES)
zones = st.sampled_from(ZONES)
sites_anywhere = st.builds(
    Site,
    st.sampled_from((*ZONES, *ZONES_WITHOUT_A_USUAL_MIDNIGHT)),
    st.sampled_from(STATES),
    st.just("AREA-1"),
)
slot_types = st.sampled_from(SlotType)
policies_of_any_operator = st.builds(
    BookingPolicy,
    st.just(is_working_day),
    slot_days=st.integers(1, 40),
    lead_days=st.integers(0, 10),
    horizon_days=st.integers(0, 120),
    cancellation_cutoff_time=st.times(),
    cancellation_cutoff_working_days=st.integers(0, 10),
    offer_minutes=st.none() | st.integers(1, 20_000),
)
