"""The lifecycle of an appointment-request: the one table of its states and moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connect_appointments.core import errors


class State(StrEnum):
    """Where an appointment-request stands."""

    SEARCHING = "searching"
    OPEN = "open"
    BOOKING = "booking"
    BOOKED = "booked"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Move:
    """One change of state.

    name: the kind of the event that records it.
    leaves: the states it may leave.
    enters: the state it enters.
    settled: states in which what the caller asks for is already true, so that asking again is a success.
    refusals: what to say in each other state; a move of the worker has none, it just loses.
    """

    name: str
    leaves: frozenset[State]
    enters: State
    settled: frozenset[State] = frozenset()
    refusals: Mapping[State, type[errors.Refusal]] = field(default_factory=dict)

    def judge(self, before: State | None) -> None:
        """Pass in silence or raise the refusal, given the state found (None: no such row is visible)."""
        if before is None:
            raise errors.NotFound
        if before not in self.leaves and before not in self.settled:
            raise self.refusals[before]


CREATED = "created"
"""The kind of the first event of every appointment-request, which enters `searching`."""

SLOTS_FOUND = Move("slots-found", frozenset({State.SEARCHING}), State.OPEN)
SEARCH_FAILED = Move("search-failed", frozenset({State.SEARCHING}), State.FAILED)
CANCEL = Move(
    "cancelled",
    frozenset({State.SEARCHING, State.OPEN, State.FAILED}),
    State.CANCELLED,
    settled=frozenset({State.CANCELLED}),
    refusals={
        State.BOOKING: errors.AppointmentRequestBooking,
        State.BOOKED: errors.AppointmentRequestBooked,
    },
)
BOOK = Move(
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
BOOKED = Move("booked", frozenset({State.BOOKING}), State.BOOKED)
SLOT_REFUSED = Move("slot-refused", frozenset({State.BOOKING}), State.OPEN)

MOVES = (SLOTS_FOUND, SEARCH_FAILED, CANCEL, BOOK, BOOKED, SLOT_REFUSED)
FINAL = frozenset(State) - {state for move in MOVES for state in move.leaves}
OCCUPYING = frozenset({State.BOOKING, State.BOOKED})
"""States in which an appointment-request holds its order: no other one of the order may be booked (D27)."""
