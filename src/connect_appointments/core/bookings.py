"""The state machine of a booking attempt."""

from __future__ import annotations

from enum import StrEnum

from connect_appointments.core.transitions import Transition, final_states


class BookingState(StrEnum):
    """The states of a booking attempt."""

    BOOKING = "booking"
    BOOKED = "booked"
    REFUSED = "refused"


CONFIRM = Transition("confirm", frozenset({BookingState.BOOKING}), BookingState.BOOKED)
REFUSE = Transition("refuse", frozenset({BookingState.BOOKING}), BookingState.REFUSED)

TRANSITIONS = (CONFIRM, REFUSE)
FINAL = final_states(BookingState, TRANSITIONS)
