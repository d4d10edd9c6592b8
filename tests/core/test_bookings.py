"""The states and transitions of a booking attempt."""

from __future__ import annotations

from connect_appointments.core.bookings import CONFIRM, FINAL, REFUSE, TRANSITIONS, BookingState
from tests.core.machines import arrows, reachable

BOOKING, BOOKED, REFUSED = BookingState.BOOKING, BookingState.BOOKED, BookingState.REFUSED


def test_an_attempt_ends_booked_or_refused() -> None:
    assert arrows(TRANSITIONS) == {(BOOKING, CONFIRM.name, BOOKED), (BOOKING, REFUSE.name, REFUSED)}


def test_d34_an_attempt_that_has_ended_stays_as_it_is() -> None:
    assert {BOOKED, REFUSED} == FINAL
    for state in FINAL:
        assert reachable(TRANSITIONS, state) == {state}


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(TRANSITIONS, BOOKING) == set(BookingState)
