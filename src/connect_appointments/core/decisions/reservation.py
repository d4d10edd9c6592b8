"""The decisions of the calendar: a fold over the keys of a batch, which compete for the capacity of windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from connect_appointments.core.reservations import ReservationState

W = TypeVar("W", bound=Hashable)


class ReserveQuestion(NamedTuple, Generic[W]):
    """A question whether a key can take the capacity of one visit in a window.

    in_time: the window has neither begun nor fallen inside the lead time.
    """

    key: str
    window: W
    in_time: bool


class Decided(NamedTuple, Generic[W]):
    """The answer for a key, and its window."""

    window: W
    state: ReservationState


class Reservations(NamedTuple, Generic[W]):
    """The decisions of a batch.

    new: the answers for undecided keys.
    taken: the capacity to take from each window.
    """

    new: Mapping[str, Decided[W]]
    taken: Mapping[W, int]


def decide_reservations(
    questions: Iterable[ReserveQuestion[W]], decided: Mapping[str, ReservationState], free: Mapping[W, int]
) -> Reservations[W]:
    """Answer questions in order; a decided key keeps its answer.

    decided: the earlier answers.
    free: the free capacity of each window; an unknown window has none.
    """
    new: dict[str, Decided[W]] = {}
    taken: Counter[W] = Counter()
    for key, window, in_time in questions:
        if key in decided or key in new:
            continue
        granted = in_time and taken[window] < free.get(window, 0)
        if granted:
            taken[window] += 1
        new[key] = Decided(window, ReservationState.RESERVED if granted else ReservationState.REFUSED)
    return Reservations(new, +taken)


class MoveQuestion(NamedTuple, Generic[W]):
    """A question whether the reservation of a key can move to another window.

    number: the number of the move among the moves of the key.
    undo: the window is the one before an earlier move, and must not be refused.
    """

    key: str
    window: W
    in_time: bool
    number: int
    undo: bool = False


class Moves(NamedTuple, Generic[W]):
    """The decisions of a batch of moves.

    answers: per question, in order, whether its key's reservation is now at the window.
    moved: the window of each such key after the last question.
    numbers: the number of the last decided move of each key.
    taken: the capacity to take from each window; negative to release capacity.
    """

    answers: Sequence[bool]
    moved: Mapping[str, W]
    numbers: Mapping[str, int]
    taken: Mapping[W, int]


def decide_moves(
    questions: Iterable[MoveQuestion[W]], at: Mapping[str, W], numbers: Mapping[str, int], free: Mapping[W, int]
) -> Moves[W]:
    """Move reservations in the order of the questions; a key that is already at its new window is unchanged.

    A number that was decided before keeps its answer, and a lower number is refused: it belongs to a late call.
    at: the window of each reserved key; other keys are refused.
    numbers: the number of the last decided move of each key, 0 for a key that was never moved.
    """
    moved: dict[str, W] = {}
    decided: dict[str, int] = {}
    answers: list[bool] = []
    taken: Counter[W] = Counter()
    for question in questions:
        key, window = question.key, question.window
        now_at, last = moved.get(key, at.get(key)), decided.get(key, numbers.get(key, 0))
        if now_at is None or question.number <= last:
            answers.append(now_at == window and question.number == last)
            continue
        decided[key] = question.number
        answers.append(now_at == window or _has_capacity(question, taken, free))
        if answers[-1]:
            moved[key] = window
            taken[window] += 1
            taken[now_at] -= 1
    return Moves(answers, moved, decided, {window: by for window, by in taken.items() if by})


def _has_capacity(question: MoveQuestion[W], taken: Counter[W], free: Mapping[W, int]) -> bool:
    if question.undo:
        return question.window in free
    return question.in_time and taken[question.window] < free.get(question.window, 0)
