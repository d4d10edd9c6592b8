"""The state machine of an appointment-request."""

from __future__ import annotations

from enum import StrEnum

from connect_appointments.core import errors
from connect_appointments.core.transitions import Transition, final_states


class State(StrEnum):
    """The states of an appointment-request."""

    SEARCHING = "searching"
    OPEN = "open"
    BOOKING = "booking"
    BOOKED = "booked"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Status(StrEnum):
    """The statuses of an appointment-request: its state, or `expired` while it is open after the end of its offer."""

    SEARCHING = "searching"
    OPEN = "open"
    EXPIRED = "expired"
    BOOKING = "booking"
    BOOKED = "booked"
    FAILED = "failed"
    CANCELLED = "cancelled"


CREATED = "created"
"""The kind of the first event of every appointment-request, which starts as `searching`."""

SLOTS_FOUND = Transition("slots-found", frozenset({State.SEARCHING}), State.OPEN)
SEARCH_FAILED = Transition("search-failed", frozenset({State.SEARCHING}), State.FAILED)
CANCEL = Transition(
    "cancelled",
    frozenset({State.SEARCHING, State.OPEN, State.FAILED}),
    State.CANCELLED,
    already_in=frozenset({State.CANCELLED}),
    refusals={
        State.BOOKING: errors.AppointmentRequestBooking,
        State.BOOKED: errors.AppointmentRequestBooked,
    },
)
BOOK = Transition(
    "booking-started",
    frozenset({State.OPEN}),
    State.BOOKING,
    refusals={
        State.SEARCHING: errors.AppointmentRequestNotOpen,
        State.FAILED: errors.AppointmentRequestNotOpen,
        State.CANCELLED: errors.AppointmentRequestCancelled,
        State.BOOKING: errors.AppointmentRequestBooking,
        State.BOOKED: errors.AppointmentRequestBooked,
    },
)
BOOKED = Transition("booked", frozenset({State.BOOKING}), State.BOOKED)
SLOT_REFUSED = Transition("slot-refused", frozenset({State.BOOKING}), State.OPEN)
RESCHEDULE_OVERTAKEN = Transition("reschedule-overtaken", frozenset({State.BOOKING}), State.OPEN)
"""The appointment that was to take the slot has ended or its work has begun (D46a)."""
ORDER_TRANSFERRED = Transition(
    "order-transferred",
    frozenset({State.SEARCHING, State.OPEN, State.FAILED, State.BOOKING}),
    State.CANCELLED,
)
"""The order has changed its owner, and the old owner can no longer book (D48)."""

TRANSITIONS = (SLOTS_FOUND, SEARCH_FAILED, CANCEL, BOOK, BOOKED, SLOT_REFUSED, RESCHEDULE_OVERTAKEN, ORDER_TRANSFERRED)
FINAL = final_states(State, TRANSITIONS)
OCCUPYING = frozenset({State.BOOKING, State.BOOKED})
"""States in which an appointment-request occupies its order: no other request of the order may be booked (D27)."""
ON_THE_WIRE = tuple(status for status in Status if status not in {Status.SEARCHING, Status.FAILED})
"""The values of `status` of an appointment-request alone: `searching` is a 202, `failed` a 422 (D19)."""
