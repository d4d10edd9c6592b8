"""Working days: weekends and public holidays by state (D28)."""

from __future__ import annotations

from datetime import date

import pytest

from connect_appointments.core.model import Site
from connect_appointments.core.windows import (
    BookingPolicy,
    days_on_offer,
    earliest_day,
)
from connect_appointments.workforce.regions import working_days
from tests.workforce.places import (
    STATES,
    is_working_day,
)
from tests.workforce.test_windows import at


def closed_in(text: str) -> set[str]:
    """Name the states that do not work on a day."""
    return {state for state in STATES if not is_working_day(date.fromisoformat(text), state)}


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
    assert not working_days("NZ")(waitangi_day, "AUK")
    assert working_days("AU")(waitangi_day, "QLD")


def test_the_country_of_the_policy_decides_which_holidays_count() -> None:
    auckland, abroad = Site("Pacific/Auckland", "AUK", "AUK-1"), BookingPolicy(working_days("NZ"))
    the_day_before = at("2026-02-05 09:00", "Pacific/Auckland")
    assert earliest_day(the_day_before, auckland, abroad) == date(2026, 2, 9)
    without_lead = BookingPolicy(working_days("NZ"), lead_days=0, slot_days=3)
    assert days_on_offer(the_day_before, auckland, date(2026, 2, 5), without_lead) == (date(2026, 2, 5),)


def test_a_state_nobody_knows_is_an_error_and_never_a_working_day() -> None:
    with pytest.raises(NotImplementedError):
        is_working_day(date(2026, 11, 24), "Atlantis")
