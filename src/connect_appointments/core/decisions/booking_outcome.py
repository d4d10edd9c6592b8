"""Decides the outcome of a booking attempt after the workforce system's answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connect_appointments.core.errors import OrderTransferred, SlotUnavailable
from connect_appointments.core.requests import State


class Answer(Enum):
    """The workforce system's answer: the slot is reserved or refused, or its reservation is undone."""

    RESERVED = "reserved"
    REFUSED = "refused"
    UNDONE = "undone"


class Outcome(Enum):
    """The outcome of a booking attempt.

    CONFIRMED: the appointment-request is booked.
    REFUSED: the appointment-request is open again, without the slot.
    TRANSFERRED: the order changed its owner during the attempt; the appointment-request is cancelled.
    TO_UNDO: the same, but the slot is reserved: the reservation must be undone first.
    STALE: the appointment-request is no longer at this attempt; nothing changes.
    """

    CONFIRMED = None
    REFUSED = SlotUnavailable.code
    TRANSFERRED = OrderTransferred.code
    TO_UNDO = "to-undo"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class OutcomeSubject:
    """The locked appointment-request: its state and current attempt.

    is_transferred: the order changed its owner during the attempt. A worker may be undoing the reservation since then,
    so the attempt is undone even if the order has come back.
    """

    state: State
    booking_id: int | None
    is_transferred: bool


def decide_outcome(subject: OutcomeSubject, booking_id: int, answer: Answer) -> Outcome:
    """The outcome of a booking attempt after the workforce system's answer."""
    if subject.state is not State.BOOKING or subject.booking_id != booking_id:
        return Outcome.STALE
    if subject.is_transferred:
        return Outcome.TO_UNDO if answer is Answer.RESERVED else Outcome.TRANSFERRED
    return Outcome.CONFIRMED if answer is Answer.RESERVED else Outcome.REFUSED
