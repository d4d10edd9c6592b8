"""How a booking attempt ends, once the workforce system has answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connect_appointments.core.errors import OrderTransferred, SlotUnavailable
from connect_appointments.core.requests import State


class Answer(Enum):
    """The answer of the workforce system: the slot is reserved, or refused, or its reservation is undone."""

    RESERVED = "reserved"
    REFUSED = "refused"
    UNDONE = "undone"


class Outcome(Enum):
    """What becomes of the attempt.

    CONFIRMED: its appointment-request is booked.
    REFUSED: its appointment-request is open again, without the slot.
    TRANSFERRED: its order has changed hands; its appointment-request is cancelled.
    TO_UNDO: its order has changed hands while the slot was reserved: the reservation is to be undone first.
    STALE: the appointment-request is no longer at this attempt; nothing changes.
    """

    CONFIRMED = None
    REFUSED = SlotUnavailable.code
    TRANSFERRED = OrderTransferred.code
    TO_UNDO = "to-undo"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class OutcomeSubject:
    """What the locked rows say: the owners, and the state and attempt of the appointment-request."""

    owner: str
    order_owner: str
    state: State
    booking_id: int | None


def decide_outcome(subject: OutcomeSubject, booking_id: int, answer: Answer) -> Outcome:
    """What becomes of a booking attempt after the workforce system's answer."""
    if subject.state is not State.BOOKING or subject.booking_id != booking_id:
        return Outcome.STALE
    if subject.owner == subject.order_owner:
        return Outcome.CONFIRMED if answer is Answer.RESERVED else Outcome.REFUSED
    return Outcome.TO_UNDO if answer is Answer.RESERVED else Outcome.TRANSFERRED
