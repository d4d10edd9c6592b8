"""The calendar of the workforce: real dates of real places, and properties that hold anywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.workforce.windows import (
    WINDOWS,
    Rules,
    days_on_offer,
    earliest_date_from,
    earliest_day,
    is_working_day,
    known_state,
    known_time_zone,
    latest_date_from,
    local_date,
    may_still_be_booked,
    slot_for,
    slot_key,
)

AM, PM = SlotType.AM, SlotType.PM
BRISBANE = Site("Australia/Brisbane", "QLD", "QLD-1")
SYDNEY = Site("Australia/Sydney", "NSW", "NSW-1")
MELBOURNE = Site("Australia/Melbourne", "VIC", "VIC-1")
HOBART = Site("Australia/Hobart", "TAS", "TAS-1")
ADELAIDE = Site("Australia/Adelaide", "SA", "SA-1")
PERTH = Site("Australia/Perth", "WA", "WA-1")
LORD_HOWE = Site("Australia/Lord_Howe", "NSW", "NSW-9")
SITES = (BRISBANE, SYDNEY, MELBOURNE, HOBART, ADELAIDE, PERTH, LORD_HOWE)
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

# A busy machine is no failure.
unhurried = settings(deadline=None)

days = st.dates(date(2025, 1, 1), date(2032, 12, 31))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive by definition)
sites = st.sampled_from(SITES)
zones = st.sampled_from(ZONES)
slot_types = st.sampled_from(SlotType)
rules_of_any_operator = st.builds(
    Rules,
    slot_days=st.integers(1, 40),
    lead_days=st.integers(0, 10),
    horizon_days=st.integers(0, 120),
)


def at(text: str, zone: str = "UTC") -> datetime:
    """Read "2026-11-24 09:30", wall time in the zone, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def closed_in(text: str) -> set[str]:
    """Name the states that do not work on a day."""
    return {state for state in STATES if not is_working_day(date.fromisoformat(text), state, "AU")}


ALL = set(STATES)


@pytest.mark.parametrize(
    ("day", "states"),
    [
        pytest.param("2026-01-01", ALL, id="new_year"),
        pytest.param("2028-01-03", ALL, id="new_year_observed_on_monday"),
        pytest.param("2026-01-26", ALL, id="australia_day"),
        pytest.param("2026-03-02", {"WA"}, id="labour_day_of_western_australia"),
        pytest.param("2026-03-09", {"ACT", "SA", "TAS", "VIC"}, id="canberra_day_adelaide_cup_eight_hours_labour_day"),
        pytest.param("2026-04-03", ALL, id="good_friday"),
        pytest.param("2026-04-06", ALL, id="easter_monday"),
        pytest.param("2028-04-25", ALL, id="anzac_day_on_a_tuesday"),
        pytest.param("2026-04-27", {"ACT", "NSW", "WA"}, id="anzac_day_on_a_saturday_observed_by_some"),
        pytest.param("2026-05-04", {"NT", "QLD"}, id="labour_day_of_the_north"),
        pytest.param("2026-06-01", {"ACT", "WA"}, id="reconciliation_day_and_western_australia_day"),
        pytest.param("2026-06-08", ALL - {"QLD", "WA"}, id="kings_birthday_of_most"),
        pytest.param("2026-08-03", {"NT"}, id="picnic_day_and_only_a_bank_holiday_in_nsw"),
        # Only Brisbane's by law, but the library counts it for the state: nothing is sold rather than sold wrongly.
        pytest.param("2026-08-12", {"QLD"}, id="royal_queensland_show"),
        pytest.param("2026-09-28", {"WA"}, id="kings_birthday_of_western_australia"),
        pytest.param("2026-10-05", {"ACT", "NSW", "QLD", "SA"}, id="labour_day_and_queensland_kings_birthday"),
        pytest.param("2026-11-03", {"VIC"}, id="melbourne_cup_day"),
        pytest.param("2026-11-24", set(), id="a_plain_tuesday"),
        pytest.param("2026-12-24", set(), id="christmas_eve_is_a_half_day_at_most"),
        pytest.param("2026-12-25", ALL, id="christmas_day"),
        pytest.param("2026-12-28", ALL, id="boxing_day_observed"),
        pytest.param("2026-12-29", set(), id="after_boxing_day_observed"),
        pytest.param("2027-12-27", ALL, id="christmas_observed"),
        pytest.param("2027-12-28", ALL, id="boxing_day_after_christmas_observed"),
        pytest.param("2026-11-21", ALL, id="saturday"),
        pytest.param("2026-11-22", ALL, id="sunday"),
    ],
)
def test_d28_a_day_is_closed_in_exactly_these_states(day: str, states: set[str]) -> None:
    assert closed_in(day) == states


def test_another_country_has_its_own_holidays() -> None:
    waitangi_day = date(2026, 2, 6)
    assert not is_working_day(waitangi_day, "AUK", "NZ")
    assert is_working_day(waitangi_day, "QLD", "AU")


def test_the_country_of_the_rules_decides_which_holidays_count() -> None:
    auckland, abroad = Site("Pacific/Auckland", "AUK", "AUK-1"), Rules(country="NZ")
    the_day_before = at("2026-02-05 09:00", "Pacific/Auckland")
    assert earliest_day(the_day_before, auckland, abroad) == date(2026, 2, 9)
    without_lead = Rules(country="NZ", lead_days=0, slot_days=3)
    assert days_on_offer(the_day_before, auckland, date(2026, 2, 5), without_lead) == (date(2026, 2, 5),)


def test_a_state_nobody_knows_is_an_error_and_never_a_working_day() -> None:
    with pytest.raises(NotImplementedError):
        is_working_day(date(2026, 11, 24), "Atlantis", "AU")


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2026-11-24 13:59:59", "Australia/Brisbane", "2026-11-24"),
        ("2026-11-24 14:00:00", "Australia/Brisbane", "2026-11-25"),
        ("2026-11-24 12:59:59", "Australia/Sydney", "2026-11-24"),
        ("2026-11-24 13:00:00", "Australia/Sydney", "2026-11-25"),
        ("2026-07-24 13:59:59", "Australia/Sydney", "2026-07-24"),
        ("2026-07-24 14:29:59", "Australia/Adelaide", "2026-07-24"),
        ("2026-07-24 14:30:00", "Australia/Adelaide", "2026-07-25"),
        ("2026-11-24 15:59:59", "Australia/Perth", "2026-11-24"),
        ("2026-11-24 16:00:00", "Australia/Perth", "2026-11-25"),
        ("2026-11-24 03:29:59", "America/St_Johns", "2026-11-23"),
        ("2026-11-24 03:30:00", "America/St_Johns", "2026-11-24"),
    ],
)
def test_the_date_turns_at_midnight_of_the_site(moment: str, zone: str, expected: str) -> None:
    assert local_date(at(moment), zone) == date.fromisoformat(expected)


def test_a_time_without_a_zone_has_no_local_date() -> None:
    naive = datetime(2026, 11, 24, 9)  # noqa: DTZ001 (what must be refused)
    with pytest.raises(ValueError, match="without a time zone"):
        local_date(naive, "Australia/Brisbane")


@pytest.mark.parametrize(
    ("now", "site", "lead_days", "expected"),
    [
        pytest.param("2026-11-24 09:00", BRISBANE, 0, "2026-11-24", id="no_lead_is_today"),
        pytest.param("2026-11-28 09:00", BRISBANE, 0, "2026-11-28", id="no_lead_is_today_even_on_saturday"),
        pytest.param("2026-11-24 09:00", BRISBANE, 1, "2026-11-25", id="tuesday_to_wednesday"),
        pytest.param("2026-11-24 00:00", BRISBANE, 1, "2026-11-25", id="first_minute_of_tuesday"),
        pytest.param("2026-11-24 23:59", BRISBANE, 1, "2026-11-25", id="last_minute_of_tuesday"),
        pytest.param("2026-11-27 09:00", BRISBANE, 1, "2026-11-30", id="friday_to_monday"),
        pytest.param("2026-11-28 09:00", BRISBANE, 1, "2026-11-30", id="saturday_to_monday"),
        pytest.param("2026-11-29 23:59", BRISBANE, 1, "2026-11-30", id="sunday_to_monday"),
        pytest.param("2026-06-05 09:00", SYDNEY, 1, "2026-06-09", id="friday_to_tuesday_over_the_kings_birthday"),
        pytest.param("2026-06-05 09:00", BRISBANE, 1, "2026-06-08", id="the_same_friday_where_monday_is_worked"),
        pytest.param("2026-11-02 09:00", MELBOURNE, 1, "2026-11-04", id="over_melbourne_cup_day"),
        pytest.param("2026-11-02 09:00", HOBART, 1, "2026-11-03", id="melbourne_cup_day_elsewhere"),
        pytest.param("2026-04-02 09:00", PERTH, 1, "2026-04-07", id="over_easter"),
        pytest.param("2026-12-24 09:00", ADELAIDE, 1, "2026-12-29", id="over_christmas"),
        pytest.param("2026-12-24 09:00", ADELAIDE, 5, "2027-01-05", id="five_days_over_two_years"),
        pytest.param("2026-11-26 09:00", BRISBANE, 3, "2026-12-01", id="three_days_over_a_weekend"),
    ],
)
def test_d28_the_lead_time_is_counted_in_working_days(now: str, site: Site, lead_days: int, expected: str) -> None:
    assert earliest_day(at(now, site.time_zone), site, Rules(lead_days=lead_days)) == date.fromisoformat(expected)


def test_the_lead_time_starts_from_the_date_at_the_site_and_not_from_the_utc_date() -> None:
    still_thursday_in_utc = at("2026-11-26 14:30")
    assert earliest_day(still_thursday_in_utc, BRISBANE, Rules()) == date(2026, 11, 30)
    assert earliest_day(still_thursday_in_utc, PERTH, Rules()) == date(2026, 11, 27)


def test_d21_date_from_reaches_from_today_at_the_site_to_89_days_ahead() -> None:
    just_after_midnight = at("2026-11-24 14:00")
    assert earliest_date_from(just_after_midnight, BRISBANE) == date(2026, 11, 25)
    assert latest_date_from(just_after_midnight, BRISBANE, Rules()) == date(2027, 2, 22)
    just_before = just_after_midnight - timedelta(seconds=1)
    assert earliest_date_from(just_before, BRISBANE) == date(2026, 11, 24)
    assert latest_date_from(just_before, BRISBANE, Rules()) == date(2027, 2, 21)


def test_the_horizon_is_a_rule() -> None:
    assert latest_date_from(at("2026-11-24 00:00"), BRISBANE, Rules(horizon_days=0)) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("now", "site", "date_from", "expected"),
    [
        pytest.param(
            "2026-11-20 09:00",
            BRISBANE,
            "2026-11-24",
            ["11-24", "11-25", "11-26", "11-27", "11-30", "12-01", "12-02", "12-03", "12-04", "12-07"],
            id="from_the_date_asked_for",
        ),
        pytest.param(
            "2026-11-27 09:00",
            BRISBANE,
            "2026-11-27",
            ["11-30", "12-01", "12-02", "12-03", "12-04", "12-07", "12-08", "12-09", "12-10", "12-11"],
            id="from_the_end_of_the_lead_time",
        ),
        pytest.param(
            "2026-12-01 09:00",
            SYDNEY,
            "2026-12-22",
            ["12-22", "12-23", "12-24", "12-29", "12-30", "12-31", "01-04"],
            id="over_christmas",
        ),
        pytest.param(
            "2026-10-26 09:00",
            MELBOURNE,
            "2026-11-01",
            ["11-02", "11-04", "11-05", "11-06", "11-09", "11-10", "11-11", "11-12", "11-13"],
            id="sunday_asked_for_counts_among_the_fourteen",
        ),
    ],
)
def test_d28_working_days_of_two_weeks_are_on_offer(now: str, site: Site, date_from: str, expected: list[str]) -> None:
    found = days_on_offer(at(now, site.time_zone), site, date.fromisoformat(date_from), Rules())
    assert [f"{day:%m-%d}" for day in found] == expected


def test_d35_a_stretch_without_a_working_day_offers_nothing() -> None:
    assert days_on_offer(at("2026-11-24 00:00"), BRISBANE, date(2026, 11, 28), Rules(slot_days=2)) == ()


def test_just_before_midnight_the_site_may_be_a_day_ahead_of_utc() -> None:
    still_tuesday_in_utc = at("2026-11-24 23:59")
    found = days_on_offer(still_tuesday_in_utc, BRISBANE, date(2026, 11, 24), Rules(lead_days=0))
    assert found[0] == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("site", "day", "slot_type", "start", "end", "offset"),
    [
        (BRISBANE, "2026-11-24", AM, "2026-11-23T22:00", "2026-11-24T02:00", "+10:00"),
        (BRISBANE, "2020-08-20", PM, "2020-08-20T03:00", "2020-08-20T07:00", "+10:00"),
        (SYDNEY, "2026-10-02", AM, "2026-10-01T22:00", "2026-10-02T02:00", "+10:00"),
        (SYDNEY, "2026-10-03", PM, "2026-10-03T03:00", "2026-10-03T07:00", "+10:00"),
        (SYDNEY, "2026-10-04", AM, "2026-10-03T21:00", "2026-10-04T01:00", "+11:00"),
        (SYDNEY, "2026-10-06", PM, "2026-10-06T02:00", "2026-10-06T06:00", "+11:00"),
        (SYDNEY, "2027-04-03", AM, "2027-04-02T21:00", "2027-04-03T01:00", "+11:00"),
        (SYDNEY, "2027-04-04", AM, "2027-04-03T22:00", "2027-04-04T02:00", "+10:00"),
        (ADELAIDE, "2026-10-03", AM, "2026-10-02T22:30", "2026-10-03T02:30", "+09:30"),
        (ADELAIDE, "2026-10-04", AM, "2026-10-03T21:30", "2026-10-04T01:30", "+10:30"),
        (ADELAIDE, "2027-04-04", PM, "2027-04-04T03:30", "2027-04-04T07:30", "+09:30"),
        (PERTH, "2026-11-24", AM, "2026-11-24T00:00", "2026-11-24T04:00", "+08:00"),
        (LORD_HOWE, "2026-10-03", AM, "2026-10-02T21:30", "2026-10-03T01:30", "+10:30"),
        (LORD_HOWE, "2026-10-04", AM, "2026-10-03T21:00", "2026-10-04T01:00", "+11:00"),
        (LORD_HOWE, "2027-04-04", PM, "2027-04-04T02:30", "2027-04-04T06:30", "+10:30"),
        (Site("America/St_Johns", "NL", "X"), "2026-11-24", AM, "2026-11-24T11:30", "2026-11-24T15:30", "-03:30"),
        (Site("America/St_Johns", "NL", "X"), "2026-07-07", AM, "2026-07-07T10:30", "2026-07-07T14:30", "-02:30"),
        (Site("UTC", "", "X"), "2026-07-07", PM, "2026-07-07T13:00", "2026-07-07T17:00", "+00:00"),
    ],
)
def test_d28_a_window_keeps_its_wall_time_when_the_clocks_change(  # noqa: PLR0913, PLR0917 (one row of a table)
    site: Site,
    day: str,
    slot_type: SlotType,
    start: str,
    end: str,
    offset: str,
) -> None:
    slot = slot_for(site, date.fromisoformat(day), slot_type)
    written = (f"{slot.start:%Y-%m-%dT%H:%M}", f"{slot.end:%Y-%m-%dT%H:%M}", slot.timezone_offset)
    assert written == (start, end, offset)
    assert (slot.start.tzinfo, slot.end.tzinfo, slot.slot_type) == (UTC, UTC, slot_type)


def test_a_window_in_which_the_clocks_change_still_ends_at_its_wall_time() -> None:
    # Athens went to summer time at nine in the morning; a change by day is rare, and none is planned anywhere.
    slot = slot_for(Site("Europe/Athens", "", "X"), date(1979, 4, 1), AM)
    assert slot.start == at("1979-04-01 06:00")
    assert slot.end == at("1979-04-01 09:00")
    assert slot.timezone_offset == "+02:00"


def test_a_slot_id_stays_the_same_for_ever_because_it_is_stored_and_offered() -> None:
    assert slot_for(BRISBANE, date(2026, 11, 24), AM).id == "10abd37fe6453e0bb617"
    assert slot_for(Site("Australia/Perth", "WA", "QLD-1"), date(2026, 11, 24), AM).id == "10abd37fe6453e0bb617"


def offered(now: str, day: str, slot_type: SlotType, lead_days: int) -> bool:
    """Tell whether a Brisbane slot may still be booked at a Brisbane wall time."""
    slot = slot_for(BRISBANE, date.fromisoformat(day), slot_type)
    return may_still_be_booked(slot, at(now, "Australia/Brisbane"), BRISBANE, Rules(lead_days=lead_days))


@pytest.mark.parametrize(
    ("now", "day", "slot_type", "lead_days", "expected"),
    [
        pytest.param("2026-11-23 23:59:59", "2026-11-24", AM, 1, True, id="last_second_of_the_day_before"),
        pytest.param("2026-11-24 00:00:00", "2026-11-24", AM, 1, False, id="midnight_starts_the_lead_time"),
        pytest.param("2026-11-24 00:00:00", "2026-11-24", PM, 1, False, id="not_started_but_inside_the_lead_time"),
        pytest.param("2026-11-24 00:00:00", "2026-11-25", AM, 1, True, id="tomorrow"),
        pytest.param("2026-11-27 09:00:00", "2026-11-30", AM, 2, False, id="monday_is_one_working_day_after_friday"),
        pytest.param("2026-11-27 09:00:00", "2026-12-01", AM, 2, True, id="tuesday_is_two"),
        pytest.param("2026-11-24 07:59:59", "2026-11-24", AM, 0, True, id="a_second_before_it_starts"),
        pytest.param("2026-11-24 08:00:00", "2026-11-24", AM, 0, False, id="it_starts"),
        pytest.param("2026-11-24 12:59:59", "2026-11-24", PM, 0, True, id="the_afternoon_has_not_started"),
        pytest.param("2026-11-24 13:00:00", "2026-11-24", PM, 0, False, id="the_afternoon_has_started"),
        pytest.param("2026-11-25 00:00:00", "2026-11-24", PM, 0, False, id="yesterday"),
    ],
)
def test_d29_a_slot_that_started_or_fell_inside_the_lead_time_is_not_booked(
    now: str,
    day: str,
    slot_type: SlotType,
    lead_days: int,
    *,
    expected: bool,
) -> None:
    assert offered(now, day, slot_type, lead_days) is expected


def test_capacity_is_found_by_the_day_at_the_site_and_not_the_utc_day() -> None:
    slot = slot_for(BRISBANE, date(2026, 11, 24), AM)
    assert slot.start.date() == date(2026, 11, 23)
    assert slot_key(slot, BRISBANE) == ("QLD-1", date(2026, 11, 24), AM)


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
@given(now=moments, site=sites, ahead=st.integers(0, 89), rules=rules_of_any_operator)
def test_days_on_offer_are_sorted_working_and_within_bounds(
    now: datetime,
    site: Site,
    ahead: int,
    rules: Rules,
) -> None:
    date_from = earliest_date_from(now, site) + timedelta(days=ahead)
    found = days_on_offer(now, site, date_from, rules)
    first = max(date_from, earliest_day(now, site, rules))
    assert list(found) == sorted(set(found))
    assert all(is_working_day(day, site.state, "AU") for day in found)
    assert all(first <= day < first + timedelta(days=rules.slot_days) for day in found)
    left_out = {first + timedelta(days=n) for n in range(rules.slot_days)} - set(found)
    assert not any(is_working_day(day, site.state, "AU") for day in left_out)


@unhurried
@given(now=moments, site=sites, lead_days=st.integers(0, 10))
def test_the_lead_time_is_exactly_that_many_working_days(now: datetime, site: Site, lead_days: int) -> None:
    today, first = local_date(now, site.time_zone), earliest_day(now, site, Rules(lead_days=lead_days))
    passed = (today + timedelta(days=n) for n in range(1, (first - today).days + 1))
    assert sum(is_working_day(day, site.state, "AU") for day in passed) == lead_days
    assert lead_days == 0 or is_working_day(first, site.state, "AU")


@unhurried
@given(now=moments, site=sites, ahead=st.integers(0, 89), lead_days=st.integers(1, 5), slot_type=slot_types)
def test_what_is_on_offer_may_be_booked_at_that_moment(
    now: datetime,
    site: Site,
    ahead: int,
    lead_days: int,
    slot_type: SlotType,
) -> None:
    rules = Rules(lead_days=lead_days)
    for day in days_on_offer(now, site, earliest_date_from(now, site) + timedelta(days=ahead), rules):
        slot = slot_for(site, day, slot_type)
        assert may_still_be_booked(slot, now, site, rules)
        assert not may_still_be_booked(slot, slot.start, site, rules)
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
