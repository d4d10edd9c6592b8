"""The calendar's transactions: they lock reservations first, then windows in key order."""

from __future__ import annotations

from collections import Counter
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
CLOSED = Refused("the work of the visit has begun or ended")
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
    """Release the capacity of each key, unless its work has begun or ended.

    An undecided key becomes cancelled, so that nothing is reserved later.
    """
    del wait
    keys = list(dict.fromkeys(question.reservation for question in questions))
    decided = await capacity.lock_decisions(transaction, keys)
    reserved = [one for one in decided.values() if one.state is ReservationState.RESERVED]
    closed = {one.key for one in reserved if one.is_closed}
    await give_back(transaction, [one for one in reserved if not one.is_closed])
    unknown = [Reservation(key, NOWHERE, ReservationState.CANCELLED) for key in keys if key not in decided]
    await capacity.decide(transaction, unknown)
    return [CLOSED if question.reservation in closed else CANCELLED for question in questions]


async def give_back(transaction: Transaction, reserved: Sequence[Reservation]) -> None:
    """Cancel locked reservations, and release their capacity."""
    await _locked_free(transaction, {one.window for one in reserved})
    given_back = {window: -count for window, count in Counter(one.window for one in reserved).items()}
    await capacity.take(transaction, given_back)
    await capacity.decide(transaction, [], [one._replace(state=ReservationState.CANCELLED) for one in reserved])


async def move(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Move each reservation to another window; it is unchanged if that window has no free capacity.

    Once the work has begun or ended, a move is only undone.
    """
    del wait
    decided = await capacity.lock_decisions(transaction, [question.reservation for question in questions])
    at = {key: one.window for key, one in decided.items() if one.state is ReservationState.RESERVED}
    free = await _locked_free(transaction, {*at.values(), *(question.window for question in questions)})
    numbers = {key: one.move_number for key, one in decided.items()}
    closed = {key for key, one in decided.items() if one.is_closed}
    asked = [_move_question(question, is_closed=question.reservation in closed) for question in questions]
    found = decide_moves(asked, at, numbers, free)
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


def _move_question(question: Question, *, is_closed: bool) -> MoveQuestion[Window]:
    return MoveQuestion(*question)._replace(in_time=question.in_time and not is_closed)


def _moved(key: str, at: Mapping[str, Window], *, is_there: bool) -> Answer:
    if key not in at:
        return NOT_RESERVED
    return Reserved(_workforce_id(key)) if is_there else FULL


async def _locked_free(transaction: Transaction, windows: set[Window]) -> dict[Window, int]:
    """Lock windows; return their free capacity."""
    found = await capacity.lock_windows(transaction, sorted(windows))
    return {window: usage.capacity - usage.taken for window, usage in found.items()}
