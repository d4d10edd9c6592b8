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
    """A question whether the reservation of a key can move to another window."""

    key: str
    window: W
    in_time: bool


class Moves(NamedTuple, Generic[W]):
    """The decisions of a batch of moves.

    answers: per question, in order, whether its key's reservation is now at the window.
    moved: the window of each such key after the last question.
    taken: the capacity to take from each window; negative to release capacity.
    """

    answers: Sequence[bool]
    moved: Mapping[str, W]
    taken: Mapping[W, int]


def decide_moves(questions: Iterable[MoveQuestion[W]], at: Mapping[str, W], free: Mapping[W, int]) -> Moves[W]:
    """Move reservations in the order of the questions; a key that is already at its new window is unchanged.

    at: the window of each reserved key; other keys are refused.
    """
    moved: dict[str, W] = {}
    answers: list[bool] = []
    taken: Counter[W] = Counter()
    for key, window, in_time in questions:
        now_at = moved.get(key, at.get(key))
        stays = now_at == window
        granted = stays or (now_at is not None and in_time and taken[window] < free.get(window, 0))
        answers.append(granted)
        if not granted:
            continue
        moved[key] = window
        if now_at is not None and not stays:
            taken[window] += 1
            taken[now_at] -= 1
    return Moves(answers, moved, {window: by for window, by in taken.items() if by})
