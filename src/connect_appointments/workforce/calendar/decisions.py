"""The calendar's transactions: they lock reservations first, then windows in key order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from connect_appointments.core.capacity import Window
from connect_appointments.core.decisions.reservation import (
    MoveQuestion,
    ReserveQuestion,
    decide_moves,
    decide_reservations,
)
from connect_appointments.core.model import SlotType
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.capacity import Reservation
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.port import Cancelled, Refused, Reserved

Answer = Reserved | Refused | Cancelled

FULL = Refused("the window is full, has begun or is inside the lead time")
NOT_RESERVED = Refused("nothing is reserved under this key")
CANCELLED = Cancelled()
NOWHERE = Window("", date.min, SlotType.AM)
"""The window of a key that was cancelled without a reservation."""


class Question(NamedTuple):
    """A question about the reservation of a key: take capacity in a window, or, without a window, cancel it.

    in_time: the window has neither begun nor fallen inside the lead time.
    number, undo: of a move, as in `MoveCommand`.
    """

    reservation: str
    window: Window = NOWHERE
    in_time: bool = True
    number: int = 0
    undo: bool = False

    @property
    def key(self) -> Question:
        """Equal questions are one command."""
        return self


def answer_to(key: str, state: ReservationState) -> Answer:
    """The answer for a decision."""
    if state is ReservationState.RESERVED:
        return Reserved(_workforce_id(key))
    return FULL if state is ReservationState.REFUSED else CANCELLED


def _workforce_id(key: str) -> str:
    """The id of an appointment, derived from the number at the end of its key."""
    number = key.rpartition("-")[2]
    return f"APT{int(number):012d}" if number.isdecimal() else f"APT-{key}"


async def reserve(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Take capacity for each undecided key."""
    del wait  # always wait for windows: all bookings compete for the same few rows
    free = await _locked_free(transaction, {question.window for question in questions})
    # Read after the windows are locked: a concurrent decision on one of these keys needs the same window lock.
    decided = await capacity.decisions(transaction, [question.reservation for question in questions])
    found = decide_reservations(
        [ReserveQuestion(*question[:3]) for question in questions],
        {key: reservation.state for key, reservation in decided.items()},
        free,
    )
    await capacity.reserve(transaction, [Reservation(key, *answer) for key, answer in found.new.items()])
    states = {key: reservation.state for key, reservation in decided.items()}
    states |= {key: answer.state for key, answer in found.new.items()}
    # A cancelled key is refused: it has no reservation, and the caller must not retry.
    answers = [answer_to(question.reservation, states[question.reservation]) for question in questions]
    return [NOT_RESERVED if answer is CANCELLED else answer for answer in answers]


async def cancel(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Release the capacity of each key; an undecided key becomes cancelled, so that nothing is reserved later."""
    del wait
    keys = list(dict.fromkeys(question.reservation for question in questions))
    decided = await capacity.lock_decisions(transaction, keys)
    reserved = [one for one in decided.values() if one.state is ReservationState.RESERVED]
    await _locked_free(transaction, {one.window for one in reserved})
    given_back: dict[Window, int] = {}
    for one in reserved:
        given_back[one.window] = given_back.get(one.window, 0) - 1
    await capacity.take(transaction, given_back)
    await capacity.decide(
        transaction,
        [Reservation(key, NOWHERE, ReservationState.CANCELLED) for key in keys if key not in decided],
        [one._replace(state=ReservationState.CANCELLED) for one in reserved],
    )
    return [CANCELLED for _ in questions]


async def move(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Move each reservation to another window; it is unchanged if that window has no free capacity."""
    del wait
    decided = await capacity.lock_decisions(transaction, [question.reservation for question in questions])
    at = {key: one.window for key, one in decided.items() if one.state is ReservationState.RESERVED}
    free = await _locked_free(transaction, {*at.values(), *(question.window for question in questions)})
    numbers = {key: one.move_number for key, one in decided.items()}
    found = decide_moves([MoveQuestion(*question) for question in questions], at, numbers, free)
    await capacity.take(transaction, found.taken)
    changed = [
        decided[key]._replace(window=found.moved.get(key, at[key]), move_number=number)
        for key, number in found.numbers.items()
    ]
    await capacity.decide(transaction, [], changed)
    return [
        _moved(question.reservation, at, is_there=is_there)
        for question, is_there in zip(questions, found.answers, strict=True)
    ]


def _moved(key: str, at: Mapping[str, Window], *, is_there: bool) -> Answer:
    if key not in at:
        return NOT_RESERVED
    return Reserved(_workforce_id(key)) if is_there else FULL


async def _locked_free(transaction: Transaction, windows: set[Window]) -> dict[Window, int]:
    """Lock windows; return their free capacity."""
    found = await capacity.lock_windows(transaction, sorted(windows))
    return {window: usage.capacity - usage.taken for window, usage in found.items()}
