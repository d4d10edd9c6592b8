"""The calendar of the workforce: real dates of real places, and properties that hold anywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connect_appointments.core.model import Site, SlotType
from connect_appointments.core.windows import (
    days_on_offer,
    earliest_date_from,
    earliest_day,
    latest_date_from,
    local_date,
    may_still_be_booked,
    slot_for,
    slot_key,
)
from tests.workforce.places import (
    ADELAIDE,
    AM,
    BRISBANE,
    HOBART,
    LORD_HOWE,
    MELBOURNE,
    PERTH,
    PM,
    SYDNEY,
    policy,
)


def at(text: str, zone: str = "UTC") -> datetime:
    """Read "2026-11-24 09:30", wall time in the zone, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


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
    assert earliest_day(at(now, site.time_zone), site, policy(lead_days=lead_days)) == date.fromisoformat(expected)


def test_the_lead_time_starts_from_the_date_at_the_site_and_not_from_the_utc_date() -> None:
    still_thursday_in_utc = at("2026-11-26 14:30")
    assert earliest_day(still_thursday_in_utc, BRISBANE, policy()) == date(2026, 11, 30)
    assert earliest_day(still_thursday_in_utc, PERTH, policy()) == date(2026, 11, 27)


def test_d21_date_from_reaches_from_today_at_the_site_to_89_days_ahead() -> None:
    just_after_midnight = at("2026-11-24 14:00")
    assert earliest_date_from(just_after_midnight, BRISBANE) == date(2026, 11, 25)
    assert latest_date_from(just_after_midnight, BRISBANE, policy()) == date(2027, 2, 22)
    just_before = just_after_midnight - timedelta(seconds=1)
    assert earliest_date_from(just_before, BRISBANE) == date(2026, 11, 24)
    assert latest_date_from(just_before, BRISBANE, policy()) == date(2027, 2, 21)


def test_the_horizon_is_the_operators() -> None:
    assert latest_date_from(at("2026-11-24 00:00"), BRISBANE, policy(horizon_days=0)) == date(2026, 11, 24)


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
    found = days_on_offer(at(now, site.time_zone), site, date.fromisoformat(date_from), policy())
    assert [f"{day:%m-%d}" for day in found] == expected


def test_d35_a_stretch_without_a_working_day_offers_nothing() -> None:
    assert days_on_offer(at("2026-11-24 00:00"), BRISBANE, date(2026, 11, 28), policy(slot_days=2)) == ()


def test_just_before_midnight_the_site_may_be_a_day_ahead_of_utc() -> None:
    still_tuesday_in_utc = at("2026-11-24 23:59")
    found = days_on_offer(still_tuesday_in_utc, BRISBANE, date(2026, 11, 24), policy(lead_days=0))
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
def test_d28_a_window_keeps_its_wall_time_when_the_clocks_change(
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
    return may_still_be_booked(slot, at(now, "Australia/Brisbane"), BRISBANE, policy(lead_days=lead_days))


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
