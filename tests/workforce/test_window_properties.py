"""The calendar of the workforce: names it knows, and properties that hold anywhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.core.windows import (
    WINDOWS,
    BookingPolicy,
    days_on_offer,
    earliest_date_from,
    earliest_day,
    local_date,
    may_still_be_booked,
    slot_for,
    slot_key,
)
from connect_appointments.workforce.regions import known_state, known_time_zone
from tests.workforce.places import (
    STATES,
    ZONES,
    days,
    is_working_day,
    moments,
    policies_of_any_operator,
    policy,
    sites,
    slot_types,
    unhurried,
    zones,
)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "\x00",
        "Australia/Brisbane\x00",
        "Australia/Brisbane ",
        "Australia/Brisbane\n",
        "australia/brisbane",
        "Australia",
        "Australia/",
        "Australia/Atlantis",
        "../etc/passwd",
        "/etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "posix/UTC",
        "localtime",
        "zone.tab",
        "+10:00",
        "\ud800",
        "a" * 5000,
    ],
)
def test_a_name_that_is_no_time_zone_is_refused_without_an_error(name: str) -> None:
    assert known_time_zone(name) is False


@pytest.mark.parametrize("name", ZONES)
def test_a_real_time_zone_is_known(name: str) -> None:
    assert known_time_zone(name) is True


@unhurried
@given(name=st.text())
def test_no_name_of_a_time_zone_raises(name: str) -> None:
    assert known_time_zone(name) is False or ZoneInfo(name).key == name


@pytest.mark.parametrize("state", STATES)
def test_every_state_and_territory_is_known(state: str) -> None:
    assert known_state(state, "AU") is True


@pytest.mark.parametrize(
    ("state", "country"),
    [
        ("", "AU"),
        ("qld", "AU"),
        ("QLD ", "AU"),
        ("Atlantis", "AU"),
        ("\x00", "AU"),
        ("AUK", "AU"),
        ("QLD", ""),
        ("QLD", "ZZ"),
        ("QLD", "au"),
        ("QLD", "HolidayBase"),
        ("QLD", "country_holidays"),
        ("QLD", "\x00"),
    ],
)
def test_an_unknown_state_is_refused_without_an_error(state: str, country: str) -> None:
    assert known_state(state, country) is False


@unhurried
@given(zone=zones, day=days, slot_type=slot_types)
def test_the_wall_clock_of_every_slot_is_that_of_its_window(zone: str, day: date, slot_type: SlotType) -> None:
    slot = slot_for(Site(zone, "QLD", "QLD-1"), day, slot_type)
    start, end = slot.start.astimezone(ZoneInfo(zone)), slot.end.astimezone(ZoneInfo(zone))
    assert (start.date(), end.date()) == (day, day)
    assert (start.time(), end.time()) == WINDOWS[slot_type]
    assert f"{start:%H}-{end:%H}" == {"AM": "08-12", "PM": "13-17"}[slot_type]


@unhurried
@given(zone=zones, day=days, slot_type=slot_types)
def test_the_offset_and_the_utc_time_give_the_wall_time_without_knowing_the_zone(
    zone: str,
    day: date,
    slot_type: SlotType,
) -> None:
    slot = slot_for(Site(zone, "QLD", "QLD-1"), day, slot_type)
    wall = datetime.fromisoformat(f"{slot.start:%Y-%m-%dT%H:%M:%S}{slot.timezone_offset}")
    shift = wall.utcoffset()
    assert shift is not None
    assert (slot.start + shift).time() == WINDOWS[slot_type][0]


@unhurried
@given(zone=zones, day=days, slot_type=slot_types)
def test_a_window_in_which_no_clock_changes_lasts_four_hours(zone: str, day: date, slot_type: SlotType) -> None:
    slot = slot_for(Site(zone, "QLD", "QLD-1"), day, slot_type)
    start, end = slot.start.astimezone(ZoneInfo(zone)), slot.end.astimezone(ZoneInfo(zone))
    # These zones change at night, so that no window of theirs has a change in it.
    assert start.utcoffset() == end.utcoffset()
    assert slot.end - slot.start == timedelta(hours=4)


@unhurried
@given(now=moments, site=sites, ahead=st.integers(0, 89), sold=policies_of_any_operator)
def test_days_on_offer_are_sorted_working_and_within_bounds(
    now: datetime,
    site: Site,
    ahead: int,
    sold: BookingPolicy,
) -> None:
    date_from = earliest_date_from(now, site) + timedelta(days=ahead)
    found = days_on_offer(now, site, date_from, sold)
    first = max(date_from, earliest_day(now, site, sold))
    assert list(found) == sorted(set(found))
    assert all(is_working_day(day, site.state) for day in found)
    assert all(first <= day < first + timedelta(days=sold.slot_days) for day in found)
    left_out = {first + timedelta(days=n) for n in range(sold.slot_days)} - set(found)
    assert not any(is_working_day(day, site.state) for day in left_out)


@unhurried
@given(now=moments, site=sites, lead_days=st.integers(0, 10))
def test_the_lead_time_is_exactly_that_many_working_days(now: datetime, site: Site, lead_days: int) -> None:
    today, first = local_date(now, site.time_zone), earliest_day(now, site, policy(lead_days=lead_days))
    passed = (today + timedelta(days=n) for n in range(1, (first - today).days + 1))
    assert sum(is_working_day(day, site.state) for day in passed) == lead_days
    assert lead_days == 0 or is_working_day(first, site.state)


@unhurried
@given(now=moments, site=sites, ahead=st.integers(0, 89), lead_days=st.integers(1, 5), slot_type=slot_types)
def test_what_is_on_offer_may_be_booked_at_that_moment(
    now: datetime,
    site: Site,
    ahead: int,
    lead_days: int,
    slot_type: SlotType,
) -> None:
    sold = policy(lead_days=lead_days)
    for day in days_on_offer(now, site, earliest_date_from(now, site) + timedelta(days=ahead), sold):
        slot = slot_for(site, day, slot_type)
        assert may_still_be_booked(slot, now, site, sold)
        assert not may_still_be_booked(slot, slot.start, site, sold)
        assert slot_key(slot, site) == (site.area, day, slot_type)


windows = st.tuples(st.text(), days, slot_types)


@unhurried
@given(one=windows, other=windows)
def test_two_windows_have_the_same_id_only_if_they_are_the_same(
    one: tuple[str, date, SlotType],
    other: tuple[str, date, SlotType],
) -> None:
    def slot(window: tuple[str, date, SlotType]) -> Slot:
        area, day, slot_type = window
        return slot_for(Site("Australia/Brisbane", "QLD", area), day, slot_type)

    assert (slot(one).id == slot(other).id) == (one == other)
    assert slot(one) == slot(one)


def test_ids_of_many_areas_days_and_windows_are_all_different() -> None:
    areas = ("QLD-1", "QLD-11", "QLD-1 ", "1", "2026-11-24 AM QLD-1", "")
    ids = {
        slot_for(Site("Australia/Brisbane", "QLD", area), date(2026, 11, 24) + timedelta(days=n), slot_type).id
        for area in areas
        for n in range(200)
        for slot_type in SlotType
    }
    assert len(ids) == len(areas) * 200 * 2
    assert {len(slot_id) for slot_id in ids} == {20}
