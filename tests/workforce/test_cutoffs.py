"""The last moment to cancel a visit, to book a slot and to use an offer: real dates of real places."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from connect_appointments.core.cutoffs import (
    cancellable_until,
    expiry_after_withdrawal,
    last_bookable_moment,
    offer_expires_on,
)
from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.core.windows import BookingPolicy, may_still_be_booked, slot_for
from tests.workforce.places import (
    ADELAIDE,
    AM,
    BRISBANE,
    EUCLA,
    HOBART,
    LORD_HOWE,
    MELBOURNE,
    PERTH,
    PM,
    SYDNEY,
    policy,
)
from tests.workforce.test_windows import at

CAIRO = Site("Africa/Cairo", "QLD", "EGY-1")
SANTIAGO = Site("America/Santiago", "QLD", "CHL-1")
HAVANA = Site("America/Havana", "QLD", "CUB-1")
APIA = Site("Pacific/Apia", "QLD", "WSM-1")
ST_JOHNS = Site("America/St_Johns", "QLD", "CAN-1")


def every_day(**changes: Any) -> BookingPolicy:
    """The rules of an operator whose technicians work on every day."""
    return BookingPolicy(lambda _day, _state: True, **changes)


def slot(site: Site, day: str, slot_type: SlotType = AM) -> Slot:
    return slot_for(site, date.fromisoformat(day), slot_type)


@pytest.mark.parametrize(
    ("site", "day", "days", "expected"),
    [
        pytest.param(BRISBANE, "2026-11-25", 1, "2026-11-24 07:00", id="wednesday_until_tuesday"),
        pytest.param(BRISBANE, "2026-11-30", 1, "2026-11-27 07:00", id="monday_until_friday"),
        pytest.param(BRISBANE, "2026-11-30", 2, "2026-11-26 07:00", id="monday_until_thursday"),
        pytest.param(PERTH, "2026-04-07", 1, "2026-04-02 09:00", id="over_easter"),
        pytest.param(ADELAIDE, "2026-12-29", 1, "2026-12-24 06:30", id="over_christmas"),
        pytest.param(ADELAIDE, "2027-01-04", 3, "2026-12-29 06:30", id="over_the_end_of_the_year"),
        pytest.param(MELBOURNE, "2026-11-04", 1, "2026-11-02 06:00", id="over_melbourne_cup_day"),
        pytest.param(HOBART, "2026-11-04", 1, "2026-11-03 06:00", id="melbourne_cup_day_elsewhere"),
        pytest.param(EUCLA, "2026-11-25", 1, "2026-11-24 08:15", id="an_offset_of_quarter_hours"),
        pytest.param(LORD_HOWE, "2026-10-06", 1, "2026-10-02 06:30", id="clocks_go_forward_half_an_hour_in_between"),
        pytest.param(LORD_HOWE, "2027-04-05", 1, "2027-04-02 06:00", id="clocks_go_back_half_an_hour_in_between"),
        pytest.param(HOBART, "2026-10-05", 1, "2026-10-02 07:00", id="clocks_go_forward_in_between"),
        pytest.param(SYDNEY, "2027-04-05", 1, "2027-04-02 06:00", id="clocks_go_back_in_between"),
    ],
)
def test_d41_a_visit_can_be_cancelled_until_1700_of_working_days_before(
    site: Site, day: str, days: int, expected: str
) -> None:
    rules = policy(cancellation_cutoff_working_days=days)
    assert {cancellable_until(slot(site, day, window), site, rules) for window in SlotType} == {at(expected)}


@pytest.mark.parametrize(
    ("slot_type", "cutoff", "expected"),
    [
        pytest.param(AM, time(7), "07:00", id="before_the_window"),
        pytest.param(AM, time(8), "08:00", id="start_of_the_window"),
        pytest.param(AM, time(17), "08:00", id="after_the_window"),
        pytest.param(PM, time(12, 59), "12:59", id="a_minute_before_the_afternoon"),
        pytest.param(PM, time(17), "13:00", id="end_of_the_afternoon"),
    ],
)
def test_d41_no_working_days_is_the_day_of_the_visit_until_its_window_starts(
    slot_type: SlotType, cutoff: time, expected: str
) -> None:
    rules = policy(cancellation_cutoff_working_days=0, cancellation_cutoff_time=cutoff)
    until = cancellable_until(slot(SYDNEY, "2026-11-24", slot_type), SYDNEY, rules)
    assert until == at(f"2026-11-24 {expected}", "Australia/Sydney")


@pytest.mark.parametrize(
    ("site", "visit", "cutoff", "expected"),
    [
        pytest.param(SYDNEY, "2026-10-05", time(2, 30), "2026-10-03 16:30", id="sydney_skips_it"),
        pytest.param(SYDNEY, "2027-04-05", time(2, 30), "2027-04-03 15:30", id="sydney_shows_it_twice"),
        pytest.param(LORD_HOWE, "2026-10-05", time(2, 15), "2026-10-03 15:45", id="lord_howe_skips_it"),
        pytest.param(LORD_HOWE, "2027-04-05", time(1, 45), "2027-04-03 14:45", id="lord_howe_shows_it_twice"),
        pytest.param(CAIRO, "2026-04-25", time(0), "2026-04-23 22:00", id="cairo_skips_midnight"),
        pytest.param(HAVANA, "2026-11-02", time(0), "2026-11-01 04:00", id="havana_has_midnight_twice"),
        pytest.param(APIA, "2011-12-31", time(17), "2011-12-30 18:00", id="apia_skips_the_whole_day"),
    ],
)
def test_d41_a_cut_off_that_the_clock_skips_or_shows_twice_is_that_of_rfc_5545(
    site: Site, visit: str, cutoff: time, expected: str
) -> None:
    until = cancellable_until(slot(site, visit), site, every_day(cancellation_cutoff_time=cutoff))
    assert until == at(expected)


@pytest.mark.parametrize(
    ("site", "day", "lead_days", "expected"),
    [
        pytest.param(BRISBANE, "2026-11-24", 0, "2026-11-23 22:00", id="without_a_lead_time_when_it_starts"),
        pytest.param(BRISBANE, "2026-11-24", 1, "2026-11-23 14:00", id="midnight_before_the_visit"),
        pytest.param(BRISBANE, "2026-11-30", 2, "2026-11-26 14:00", id="the_friday_before_a_monday"),
        pytest.param(BRISBANE, "2026-11-28", 1, "2026-11-26 14:00", id="a_saturday_is_no_working_day"),
        pytest.param(PERTH, "2026-04-07", 2, "2026-04-01 16:00", id="over_easter"),
        pytest.param(EUCLA, "2026-11-24", 1, "2026-11-23 15:15", id="an_offset_of_quarter_hours"),
        pytest.param(LORD_HOWE, "2026-10-06", 2, "2026-10-01 13:30", id="clocks_go_forward_in_between"),
        pytest.param(LORD_HOWE, "2027-04-05", 2, "2027-04-01 13:00", id="clocks_go_back_in_between"),
    ],
)
def test_d47_a_slot_can_be_booked_until_it_starts_or_the_lead_time_begins(
    site: Site, day: str, lead_days: int, expected: str
) -> None:
    assert last_bookable_moment(slot(site, day), site, policy(lead_days=lead_days)) == at(expected)


@pytest.mark.parametrize(
    ("site", "day", "expected"),
    [
        pytest.param(CAIRO, "2026-04-24", "2026-04-23 22:00", id="cairo_begins_the_day_at_one"),
        pytest.param(SANTIAGO, "2026-09-06", "2026-09-06 04:00", id="santiago_begins_the_day_at_one"),
        pytest.param(HAVANA, "2026-11-01", "2026-11-01 04:00", id="havana_has_midnight_twice_on_one_day"),
        pytest.param(APIA, "2011-12-31", "2011-12-30 10:00", id="apia_skipped_the_day_before"),
        pytest.param(ST_JOHNS, "2010-11-07", "2010-11-07 03:30", id="st_johns_went_back_to_the_day_before"),
        pytest.param(
            Site("America/Toronto", "", "X"), "1919-03-31", "1919-03-31 04:30", id="toronto_skipped_2330_to_0030"
        ),
    ],
)
def test_d47_a_day_begins_when_its_midnight_is_skipped_or_shown_twice(site: Site, day: str, expected: str) -> None:
    wanted, rules = slot(site, day), every_day(lead_days=1)
    last = last_bookable_moment(wanted, site, rules)
    assert last == at(expected)
    assert may_still_be_booked(wanted, last - timedelta(microseconds=1), site, rules)
    after = (last + timedelta(minutes=n) for n in range(26 * 60))
    assert not any(may_still_be_booked(wanted, moment, site, rules) for moment in after)


MADE = at("2026-11-20 09:00", "Australia/Brisbane")
OFFER = (slot(BRISBANE, "2026-11-25", PM), slot(BRISBANE, "2026-11-24"), slot(BRISBANE, "2026-11-24", PM))
LAST_SLOT = at("2026-11-25 00:00", "Australia/Brisbane")


@pytest.mark.parametrize(
    ("held_until", "expected"),
    [
        pytest.param(None, LAST_SLOT, id="its_last_slot"),
        pytest.param(MADE + timedelta(minutes=10), MADE + timedelta(minutes=10), id="the_hold"),
        pytest.param(LAST_SLOT + timedelta(days=9), LAST_SLOT, id="a_hold_longer_than_its_last_slot"),
    ],
)
def test_d47_an_offer_ends_at_the_earlier_of_its_last_slot_and_its_hold(
    held_until: datetime | None, expected: datetime
) -> None:
    assert offer_expires_on(OFFER, BRISBANE, policy(), held_until) == expected


def test_d47_an_empty_offer_never_expires_by_time() -> None:
    rules, held = policy(offer_minutes=30), MADE + timedelta(minutes=10)
    assert offer_expires_on((), BRISBANE, rules, held) is None
    assert expiry_after_withdrawal(held, (), BRISBANE, rules) is None


def test_d47_an_offer_ends_earlier_when_its_last_slot_is_withdrawn() -> None:
    rules = policy()
    before = offer_expires_on(OFFER, BRISBANE, rules, None)
    assert before == at("2026-11-25 00:00", "Australia/Brisbane")
    after = expiry_after_withdrawal(before, OFFER[1:], BRISBANE, rules)
    assert after == at("2026-11-24 00:00", "Australia/Brisbane")


def test_d47_the_minutes_of_an_offer_do_not_start_again_when_a_slot_is_withdrawn() -> None:
    before = MADE + timedelta(minutes=30)
    for changed in (policy(offer_minutes=30), policy(offer_minutes=60), policy(offer_minutes=None)):
        assert expiry_after_withdrawal(before, OFFER[1:], BRISBANE, changed) == before


def test_d47_an_offer_without_a_stored_expiry_ends_with_its_last_slot() -> None:
    assert expiry_after_withdrawal(None, OFFER, BRISBANE, policy(offer_minutes=30)) == LAST_SLOT


def test_d41_d47_every_moment_is_utc() -> None:
    wanted = slot(LORD_HOWE, "2026-10-06")
    expiry = offer_expires_on((wanted,), LORD_HOWE, policy(), None)
    assert expiry is not None
    moments = (
        cancellable_until(wanted, LORD_HOWE, policy()),
        last_bookable_moment(wanted, LORD_HOWE, policy()),
        expiry,
    )
    assert {moment.tzinfo for moment in moments} == {UTC}
