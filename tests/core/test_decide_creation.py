"""Which dates an appointment-request may be created for (D21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connect_appointments.core.decisions.creation import refuse_date
from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy

SITE = Site("Australia/Brisbane", "QLD", "4000")
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
"""Monday in UTC; at the site Tuesday has just begun."""
TUESDAY = date(2026, 11, 24)
POLICY = BookingPolicy(lambda _day, _state: True, horizon_days=89)


@pytest.mark.parametrize(
    ("days", "accepted"),
    [
        pytest.param(-1, False, id="yesterday-at-the-site"),
        pytest.param(0, True, id="today-at-the-site"),
        pytest.param(89, True, id="the-last-day"),
        pytest.param(90, False, id="beyond-the-last-day"),
    ],
)
def test_d21_a_date_is_taken_from_today_at_the_site_to_the_horizon(days: int, *, accepted: bool) -> None:
    refusal = refuse_date(TUESDAY + timedelta(days=days), SITE, NOW, POLICY)
    assert (refusal is None) is accepted


def test_d21_the_refusal_names_the_field_and_both_ends() -> None:
    refusal = refuse_date(date(2026, 1, 1), SITE, NOW, POLICY)
    assert refusal is not None
    ((pointer, code, detail),) = refusal.fields
    assert (pointer, code) == ("#/dateFrom", "out-of-range")
    assert "2026-11-24" in detail
    assert "2027-02-21" in detail
