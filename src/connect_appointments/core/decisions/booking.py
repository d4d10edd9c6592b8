"""Decides whether slots may be booked: a fold over the commands of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connect_appointments.core.errors import (
    OfferExpired,
    OrderHasAppointment,
    OrderTransferred,
    Refusal,
    SlotNotOffered,
)
from connect_appointments.core.model import Slot
from connect_appointments.core.requests import BOOK, OCCUPYING, State


@dataclass(frozen=True, slots=True)
class BookSubject:
    """The locked rows of a command to book.

    owner, order_owner: the owners of the appointment-request and of its order.
    occupancy: the number of booking attempts in progress and of appointments of the order that are not over (D27).
    booking_id, slot_id: the current booking attempt of the appointment-request, and the attempt's slot.
    offered: the offered slots while the request is open.
    is_expired: whether the offer has ended (D47).
    """

    request_id: int
    order_id: int
    owner: str
    order_owner: str
    occupancy: int
    state: State
    booking_id: int | None
    slot_id: str | None
    offered: Sequence[Slot]
    is_expired: bool = False


Decision = Slot | int | Refusal
"""The slot of a new attempt; the number of the existing attempt for the same slot; or a refusal."""


def decide_bookings(commands: Iterable[tuple[BookSubject, str]], *, one_per_order: bool) -> list[Decision]:
    """Decide on commands in order.

    commands: the locked rows of each command, and the id of the slot to book.
    one_per_order: refuse to book an order that is occupied (D27).
    """
    begun: set[int] = set()
    occupied: Counter[int] = Counter()
    decisions: list[Decision] = []
    for subject, slot_id in commands:
        try:
            decision = _decide(subject, slot_id, begun, occupied, one_per_order=one_per_order)
        except Refusal as refusal:
            decisions.append(refusal)
            continue
        if isinstance(decision, Slot):
            begun.add(subject.request_id)
            occupied[subject.order_id] += 1
        decisions.append(decision)
    return decisions


def _decide(
    subject: BookSubject, slot_id: str, begun: set[int], occupied: Counter[int], *, one_per_order: bool
) -> Slot | int:
    state = State.BOOKING if subject.request_id in begun else subject.state
    if state in OCCUPYING and subject.booking_id is not None and subject.slot_id == slot_id:
        return subject.booking_id
    BOOK.check(state)
    if subject.owner != subject.order_owner:
        raise OrderTransferred
    if subject.is_expired:
        raise OfferExpired
    if one_per_order and subject.occupancy + occupied[subject.order_id]:
        raise OrderHasAppointment
    slot = next((slot for slot in subject.offered if slot.id == slot_id), None)
    if slot is None:
        raise SlotNotOffered
    return slot
