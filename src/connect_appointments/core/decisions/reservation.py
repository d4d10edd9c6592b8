"""How the calendar answers: a fold over the keys of a batch, which share the windows they ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from connect_appointments.core.reservations import ReservationState

W = TypeVar("W", bound=Hashable)


class ReserveQuestion(NamedTuple, Generic[W]):
    """The capacity of one visit in a window, for a key.

    in_time: the window has neither begun nor fallen inside the lead time.
    """

    key: str
    window: W
    in_time: bool


class Decided(NamedTuple, Generic[W]):
    """The answer to a key, and the window it is for."""

    window: W
    state: ReservationState


class Reservations(NamedTuple, Generic[W]):
    """What a batch decided.

    new: the answers to keys that had none.
    taken: the capacity it takes of each window.
    """

    new: Mapping[str, Decided[W]]
    taken: Mapping[W, int]


def decide_reservations(
    questions: Iterable[ReserveQuestion[W]], decided: Mapping[str, ReservationState], free: Mapping[W, int]
) -> Reservations[W]:
    """Answer questions in their order; a key that has an answer keeps it.

    decided: the answers that were given before.
    free: the free capacity of each window; a window that is not there has none.
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
    """The reservation of a key, to be moved to another window."""

    key: str
    window: W
    in_time: bool


class Moves(NamedTuple, Generic[W]):
    """What a batch of moves decided.

    answers: whether each question, in their order, found its key at the window or moved it there.
    moved: the window of each such key after the last question.
    taken: the capacity it takes of each window; negative where it releases some.
    """

    answers: Sequence[bool]
    moved: Mapping[str, W]
    taken: Mapping[W, int]


def decide_moves(questions: Iterable[MoveQuestion[W]], at: Mapping[str, W], free: Mapping[W, int]) -> Moves[W]:
    """Move reservations in the order of the questions; a key that is at its new window stays there.

    at: the window of each key that is reserved; a key that is not there is refused.
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
