"""Decides whether appointments may be rescheduled, and the outcome after the workforce system's answer.

Source: contract D46, D46a.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from connect_appointments.core.appointments import CHANGING, FINAL, AppointmentState
from connect_appointments.core.errors import (
    AppointmentChanging,
    AppointmentEnded,
    AppointmentInProgress,
    AppointmentRequestBooking,
    OfferExpired,
    OrderTransferred,
    PastPointOfNoReturn,
    Refusal,
    SlotNotOffered,
    SlotUnavailable,
)
from connect_appointments.core.model import Slot
from connect_appointments.core.requests import BOOK, State


@dataclass(frozen=True, slots=True)
class RescheduleSubject:
    """The locked rows of a command to reschedule; the appointment and the appointment-request are of one order.

    request_owner, order_owner: the owners of the appointment-request and of its order.
    offer_expires_on: the end of the request's offer (D47); None for an offer that does not end.
    offered: the offered slots while the request is open.
    taken_by: the reschedule that takes a slot of the request or took it; None without one.
    now: the moment of the command, by the database's clock.
    """

    appointment_id: int
    appointment_state: AppointmentState
    cancellable_until: datetime
    request_id: int
    request_state: State
    request_owner: str
    order_owner: str
    offer_expires_on: datetime | None
    offered: Sequence[Slot]
    taken_by: KnownReschedule | None
    now: datetime


class KnownReschedule(NamedTuple):
    """A reschedule that is not refused: its number, its appointment, and its slot."""

    id: int
    appointment_id: int
    slot_id: str


class RefusedAtOnce(NamedTuple):
    """A reschedule to the slot whose outcome is a refusal that is known at the time of the command."""

    slot: Slot
    refusal: type[Refusal]


Decision = Slot | RefusedAtOnce | int | Refusal
"""The slot of a new reschedule; a new reschedule that is refused; the number of the same reschedule; or a refusal."""


def decide_reschedules(commands: Iterable[tuple[RescheduleSubject, str]]) -> list[Decision]:
    """Decide on commands in order, each with the id of the new slot; equal commands are one."""
    changing: set[int] = set()
    taken: set[int] = set()
    decisions: list[Decision] = []
    for subject, slot_id in commands:
        try:
            decision = _decide(subject, slot_id, changing, taken)
        except Refusal as refusal:
            decisions.append(refusal)
            continue
        if isinstance(decision, Slot):
            changing.add(subject.appointment_id)
            taken.add(subject.request_id)
        decisions.append(decision)
    return decisions


def _decide(subject: RescheduleSubject, slot_id: str, changing: set[int], taken: set[int]) -> Decision:
    known = subject.taken_by
    if known is not None and (known.appointment_id, known.slot_id) == (subject.appointment_id, slot_id):
        return known.id
    if subject.appointment_id in changing or subject.appointment_state in CHANGING:
        raise AppointmentChanging
    if subject.request_id in taken:
        raise AppointmentRequestBooking
    slot = _offered_slot(subject, slot_id)
    refusal = _refusal_of(subject)
    return slot if refusal is None else RefusedAtOnce(slot, refusal)


def _offered_slot(subject: RescheduleSubject, slot_id: str) -> Slot:
    BOOK.check(subject.request_state)
    if subject.request_owner != subject.order_owner:
        raise OrderTransferred
    if subject.offer_expires_on is not None and subject.now >= subject.offer_expires_on:
        raise OfferExpired
    slot = next((slot for slot in subject.offered if slot.id == slot_id), None)
    if slot is None:
        raise SlotNotOffered
    return slot


def _refusal_of(subject: RescheduleSubject) -> type[Refusal] | None:
    """The refusal as an outcome; None if the workforce system decides."""
    ended = ended_refusal(subject.appointment_state)
    if ended is None and subject.now > subject.cancellable_until:
        return PastPointOfNoReturn
    return ended


def ended_refusal(state: AppointmentState) -> type[Refusal] | None:
    """Why an appointment in this state can no longer be changed; None if it can. Source: contract D42."""
    if state is AppointmentState.IN_PROGRESS:
        return AppointmentInProgress
    return AppointmentEnded if state in FINAL else None


class Answer(Enum):
    """The workforce system's answer.

    MOVED: the new slot is reserved. REFUSED: the move was refused, and the old slot is reserved.
    UNDONE: the place of the new slot is given back.
    """

    MOVED = "moved"
    REFUSED = "refused"
    UNDONE = "undone"


class Outcome(Enum):
    """The outcome of a reschedule.

    RESCHEDULED: the appointment has the new slot. REFUSED: it keeps its slot, and the new slot is withdrawn.
    OVERTAKEN: news has ended the appointment or begun its work; the appointment-request opens again.
    TO_UNDO: the same, but the place of the new slot must be given back first.
    STALE: another worker has ended this reschedule.
    """

    RESCHEDULED = "rescheduled"
    REFUSED = SlotUnavailable.code
    OVERTAKEN = "overtaken"
    TO_UNDO = "to-undo"
    STALE = "stale"


def decide_outcome(
    state: AppointmentState, current_reschedule_id: int | None, reschedule_id: int, answer: Answer
) -> Outcome:
    """The outcome of a reschedule after the workforce system's answer.

    state, current_reschedule_id: of the locked appointment.
    """
    if current_reschedule_id != reschedule_id:
        return Outcome.STALE
    if ended_refusal(state) is not None:
        return Outcome.TO_UNDO if answer is Answer.MOVED else Outcome.OVERTAKEN
    if state is not AppointmentState.RESCHEDULING or answer is Answer.UNDONE:
        return Outcome.STALE
    return Outcome.RESCHEDULED if answer is Answer.MOVED else Outcome.REFUSED
