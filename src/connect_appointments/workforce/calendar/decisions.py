"""The calendar's transactions: reservations are locked first, then windows in the order of their keys."""

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
"""The window of a key that was cancelled before anything was reserved under it."""


class Question(NamedTuple):
    """What is asked under a key of a reservation: a place of a window, or, without one, the end of what is reserved.

    in_time: the window has neither begun nor fallen inside the lead time.
    """

    reservation: str
    window: Window = NOWHERE
    in_time: bool = True

    @property
    def key(self) -> Question:
        """Equal questions are one question."""
        return self


def answer_to(key: str, state: ReservationState) -> Answer:
    """The answer that a decision is."""
    if state is ReservationState.RESERVED:
        return Reserved(_workforce_id(key))
    return FULL if state is ReservationState.REFUSED else CANCELLED


def _workforce_id(key: str) -> str:
    """The name of an appointment, made from the number at the end of its key."""
    number = key.rpartition("-")[2]
    return f"APT{int(number):012d}" if number.isdecimal() else f"APT-{key}"


async def reserve(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Take a place for each key that has no answer yet."""
    del wait  # windows are always waited for: every booking wants the same few
    free = await _locked_free(transaction, {question.window for question in questions})
    # After the windows were locked: another transaction that decides on one of these keys needs its window as well.
    decided = await capacity.decisions(transaction, [question.reservation for question in questions])
    found = decide_reservations(
        [ReserveQuestion(*question) for question in questions],
        {key: reservation.state for key, reservation in decided.items()},
        free,
    )
    await capacity.reserve(transaction, [Reservation(key, *answer) for key, answer in found.new.items()])
    states = {key: reservation.state for key, reservation in decided.items()}
    states |= {key: answer.state for key, answer in found.new.items()}
    # A key that was cancelled is refused: nothing is reserved under it, and the caller is not to try again.
    answers = [answer_to(question.reservation, states[question.reservation]) for question in questions]
    return [NOT_RESERVED if answer is CANCELLED else answer for answer in answers]


async def cancel(transaction: Transaction, questions: Sequence[Question], *, wait: bool) -> list[Answer]:
    """Give the place of each key back; a key without an answer gets the answer that nothing will be reserved."""
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
    """Exchange the place of each key for one of another window; where there is none it stays."""
    del wait
    decided = await capacity.lock_decisions(transaction, [question.reservation for question in questions])
    at = {key: one.window for key, one in decided.items() if one.state is ReservationState.RESERVED}
    free = await _locked_free(transaction, {*at.values(), *(question.window for question in questions)})
    found = decide_moves([MoveQuestion(*question) for question in questions], at, free)
    await capacity.take(transaction, found.taken)
    changed = {key: window for key, window in found.moved.items() if window != at[key]}
    await capacity.decide(transaction, [], [decided[key]._replace(window=to) for key, to in changed.items()])
    return [
        _moved(question.reservation, at, is_there=is_there)
        for question, is_there in zip(questions, found.answers, strict=True)
    ]


def _moved(key: str, at: Mapping[str, Window], *, is_there: bool) -> Answer:
    if key not in at:
        return NOT_RESERVED
    return Reserved(_workforce_id(key)) if is_there else FULL


async def _locked_free(transaction: Transaction, windows: set[Window]) -> dict[Window, int]:
    """Lock windows; return the free capacity of each."""
    found = await capacity.lock_windows(transaction, sorted(windows))
    return {window: usage.capacity - usage.taken for window, usage in found.items()}
