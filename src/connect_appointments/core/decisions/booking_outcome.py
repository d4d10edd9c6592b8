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
    TRANSFERRED: the order has changed its owner; the appointment-request is cancelled.
    TO_UNDO: the order changed its owner while the slot was reserved: the reservation must be undone first.
    STALE: the appointment-request is no longer at this attempt; nothing changes.
    """

    CONFIRMED = None
    REFUSED = SlotUnavailable.code
    TRANSFERRED = OrderTransferred.code
    TO_UNDO = "to-undo"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class OutcomeSubject:
    """The locked rows: the owners, and the state and current attempt of the appointment-request."""

    owner: str
    order_owner: str
    state: State
    booking_id: int | None


def decide_outcome(subject: OutcomeSubject, booking_id: int, answer: Answer) -> Outcome:
    """The outcome of a booking attempt after the workforce system's answer."""
    if subject.state is not State.BOOKING or subject.booking_id != booking_id:
        return Outcome.STALE
    if subject.owner == subject.order_owner:
        return Outcome.CONFIRMED if answer is Answer.RESERVED else Outcome.REFUSED
    return Outcome.TO_UNDO if answer is Answer.RESERVED else Outcome.TRANSFERRED
