"""What the calendar grants in a batch: the same as if each question came alone, after those before it were written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core.decisions.reservation import (
    MoveQuestion,
    ReserveQuestion,
    decide_moves,
    decide_reservations,
)
from connect_appointments.core.reservations import ReservationState

RESERVED, REFUSED = ReservationState.RESERVED, ReservationState.REFUSED
WINDOWS = ("mon", "tue", "wed")
UNKNOWN = "never"
KEYS = tuple("abcdef")
unhurried = settings(deadline=None)

keys = st.sampled_from(KEYS)
windows = st.sampled_from([*WINDOWS, UNKNOWN])
free_places = st.fixed_dictionaries({window: st.integers(-1, 3) for window in WINDOWS})
"""Places left: less than none where an operator has lowered the capacity below what is taken."""
decided_keys = st.dictionaries(keys, st.sampled_from(ReservationState), max_size=3)
questions = st.lists(st.builds(ReserveQuestion, key=keys, window=windows, in_time=st.booleans()), max_size=12)
moves = st.lists(
    st.builds(
        MoveQuestion, key=keys, window=windows, in_time=st.booleans(), number=st.integers(1, 6), undo=st.booleans()
    ),
    max_size=12,
)
decided_moves = st.dictionaries(keys, st.integers(0, 4), max_size=5)
places_held = st.dictionaries(keys, st.sampled_from(WINDOWS), max_size=5)


@unhurried
@given(asked=questions, decided=decided_keys, free=free_places)
def test_a_batch_reserves_as_its_questions_would_one_after_the_other(
    asked: list[ReserveQuestion[str]], decided: dict[str, ReservationState], free: dict[str, int]
) -> None:
    together = decide_reservations(asked, decided, free)
    answers, left = dict(decided), Counter(free)
    for question in asked:
        found = decide_reservations([question], answers, left)
        answers |= {key: answer.state for key, answer in found.new.items()}
        left.subtract(found.taken)
    assert decided | {key: answer.state for key, answer in together.new.items()} == answers
    assert Counter(free) - Counter(together.taken) == +left


@unhurried
@given(asked=questions, decided=decided_keys, free=free_places)
def test_the_answers_are_those_of_a_model_of_three_lines(
    asked: list[ReserveQuestion[str]], decided: dict[str, ReservationState], free: dict[str, int]
) -> None:
    left, answers = Counter(free), dict(decided)
    for key, window, in_time in asked:
        if key not in answers:
            answers[key] = RESERVED if in_time and left[window] > 0 else REFUSED
            left[window] -= answers[key] is RESERVED
    found = decide_reservations(asked, decided, free)
    assert decided | {key: answer.state for key, answer in found.new.items()} == answers


@unhurried
@given(asked=questions, decided=decided_keys, free=free_places)
def test_no_more_places_are_reserved_than_are_free(
    asked: list[ReserveQuestion[str]], decided: dict[str, ReservationState], free: dict[str, int]
) -> None:
    found = decide_reservations(asked, decided, free)
    reserved = Counter(answer.window for answer in found.new.values() if answer.state is RESERVED)
    assert reserved == found.taken
    assert all(count <= free.get(window, 0) for window, count in reserved.items())


@unhurried
@given(asked=questions, decided=decided_keys, free=free_places)
def test_a_key_keeps_its_answer(
    asked: list[ReserveQuestion[str]], decided: dict[str, ReservationState], free: dict[str, int]
) -> None:
    first = decide_reservations(asked, decided, free)
    assert not first.new.keys() & decided.keys()
    assert first.new.keys() | decided.keys() >= {question.key for question in asked}
    answered = decided | {key: answer.state for key, answer in first.new.items()}
    again = decide_reservations(asked, answered, dict.fromkeys(WINDOWS, 99))
    assert (again.new, again.taken) == ({}, {})


def moved_one_by_one(
    asked: Sequence[MoveQuestion[str]], at: Mapping[str, str], numbers: Mapping[str, int], free: Mapping[str, int]
) -> tuple[list[bool], dict[str, str]]:
    """A model of moves: who is told yes, and where each key is in the end."""
    now_at, left, last = dict(at), Counter(free), Counter(numbers)
    answers = []
    for key, window, in_time, number, undo in asked:
        old = now_at.get(key)
        if old is not None and number > last[key]:
            last[key] = number
            if old != window and window in free and (undo or (in_time and left[window] > 0)):
                left[window] -= 1
                left[old] += 1
                now_at[key] = window
        answers.append(now_at.get(key) == window and last[key] == number)
    return answers, now_at


@unhurried
@given(asked=moves, at=places_held, numbers=decided_moves, free=free_places)
def test_a_batch_moves_as_its_questions_would_one_after_the_other(
    asked: list[MoveQuestion[str]], at: dict[str, str], numbers: dict[str, int], free: dict[str, int]
) -> None:
    found = decide_moves(asked, at, numbers, free)
    answers, now_at = moved_one_by_one(asked, at, numbers, free)
    assert {**at, **found.moved} == now_at
    assert list(found.answers) == answers


@unhurried
@given(asked=moves, at=places_held, numbers=decided_moves, free=free_places)
def test_a_question_decided_alone_is_decided_as_in_a_batch_of_its_own(
    asked: list[MoveQuestion[str]], at: dict[str, str], numbers: dict[str, int], free: dict[str, int]
) -> None:
    together = decide_moves(asked, at, numbers, free)
    now_at, last, left = dict(at), dict(numbers), Counter(free)
    answers: list[bool] = []
    for question in asked:
        found = decide_moves([question], now_at, last, left)
        now_at |= found.moved
        last |= found.numbers
        left.subtract(found.taken)
        answers += found.answers
    assert {**at, **together.moved} == now_at
    assert {**numbers, **together.numbers} == last
    assert list(together.answers) == answers


@unhurried
@given(asked=moves, at=places_held, numbers=decided_moves, free=free_places)
def test_moves_conserve_places_and_leave_no_key_without_one(
    asked: list[MoveQuestion[str]], at: dict[str, str], numbers: dict[str, int], free: dict[str, int]
) -> None:
    found = decide_moves(asked, at, numbers, free)
    before, after = Counter(at.values()), Counter({**at, **found.moved}.values())
    assert sum(found.taken.values()) == 0
    assert {window: after[window] - before[window] for window in {*before, *after}} == {
        window: found.taken.get(window, 0) for window in {*before, *after}
    }
    assert found.moved.keys() <= at.keys()
    if not any(question.undo for question in asked):
        assert all(by <= max(free.get(window, 0), 0) for window, by in found.taken.items())


@unhurried
@given(asked=moves, at=places_held, numbers=decided_moves, free=free_places)
def test_a_batch_of_moves_that_is_repeated_changes_nothing(
    asked: list[MoveQuestion[str]], at: dict[str, str], numbers: dict[str, int], free: dict[str, int]
) -> None:
    first = decide_moves(asked, at, numbers, free)
    again = decide_moves(asked, {**at, **first.moved}, {**numbers, **first.numbers}, dict.fromkeys(WINDOWS, 99))
    assert (again.moved, again.numbers, again.taken) == ({}, {}, {})


def test_two_keys_exchange_their_full_windows_only_when_a_third_place_is_free() -> None:
    swap = [MoveQuestion("a", "tue", in_time=True, number=1), MoveQuestion("b", "mon", in_time=True, number=1)]
    at = {"a": "mon", "b": "tue"}
    assert decide_moves(swap, at, {}, {"mon": 0, "tue": 0}).moved == {}
    assert decide_moves(swap, at, {}, {"mon": 0, "tue": 1}).moved == {"a": "tue", "b": "mon"}


def test_a_place_given_back_by_one_move_is_there_for_the_next_of_the_batch() -> None:
    asked = [MoveQuestion("a", "tue", in_time=True, number=1), MoveQuestion("b", "mon", in_time=True, number=1)]
    assert decide_moves(asked, {"a": "mon", "b": "wed"}, {}, {"mon": 0, "tue": 1}).moved == {"a": "tue", "b": "mon"}


def test_a_key_that_is_at_its_window_stays_there_though_the_window_has_begun() -> None:
    found = decide_moves([MoveQuestion("a", "mon", in_time=False, number=1)], {"a": "mon"}, {}, {"mon": 0})
    assert (list(found.answers), found.taken) == ([True], {})
