"""Which reports of a workforce system change an appointment: the same in one batch as one after the other (D45)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core.appointments import (
    CANCELLED,
    CANCELLED_BY_NETWORK,
    COMPLETED,
    FINAL,
    INCOMPLETE,
    WORK_BEGAN,
    AppointmentState,
)
from connect_appointments.core.decisions.appointment_news import (
    MOVABLE,
    PENDING_ENDS,
    MovedTo,
    News,
    NewsDecision,
    NewsSubject,
    decide_news,
    transition_of,
)
from connect_appointments.core.model import Slot, SlotType

MORNING = datetime(2026, 11, 23, 22, tzinfo=UTC)
SLOTS = [
    Slot(f"day-{n}", SlotType.AM, MORNING + timedelta(days=n), MORNING + timedelta(days=n, hours=4), "+10:00")
    for n in range(3)
]
MOVES = [MovedTo(slot, MORNING + timedelta(hours=n)) for n in (-1, 0, 1) for slot in SLOTS] + [MovedTo(SLOTS[0])]
STEPS = [WORK_BEGAN, COMPLETED, INCOMPLETE, CANCELLED_BY_NETWORK]
unhurried = settings(deadline=None)
subjects = st.lists(st.tuples(st.sampled_from(AppointmentState), st.sampled_from(SLOTS)), min_size=1, max_size=3)
reports = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([*STEPS, *MOVES])), max_size=10)


def in_turn(rows: list[tuple[AppointmentState, Slot]], about: Sequence[tuple[int, News]]) -> list[NewsDecision]:
    """Each report decided alone, after those before it were written."""
    found = []
    times: list[datetime | None] = [None] * len(rows)
    for number, news in about:
        state, slot = rows[number]
        (decision,) = decide_news([(NewsSubject(number, state, slot, times[number]), news)])
        found.append(decision)
        times[number] = decision.confirmed_at or times[number]
        if decision.fits and isinstance(news, MovedTo):
            rows[number], times[number] = (state, news.slot), news.at or times[number]
        elif decision.fits and not isinstance(news, MovedTo):
            rows[number] = (news.target, slot)
    return found


@unhurried
@given(rows=subjects, about=reports)
def test_d45_a_batch_of_reports_is_decided_as_one_after_the_other(
    rows: list[tuple[AppointmentState, Slot]], about: list[tuple[int, News]]
) -> None:
    known = [(number % len(rows), news) for number, news in about]
    together = decide_news([(NewsSubject(number, *rows[number]), news) for number, news in known])
    assert together == in_turn(list(rows), known)


@unhurried
@given(rows=subjects, about=reports)
def test_d45_nothing_leaves_a_final_state_and_a_pending_cancellation_ends_once(
    rows: list[tuple[AppointmentState, Slot]], about: list[tuple[int, News]]
) -> None:
    known = [(number % len(rows), news) for number, news in about]
    decisions = decide_news([(NewsSubject(number, *rows[number]), news) for number, news in known])
    ends = [
        number
        for (number, news), decision in zip(known, decisions, strict=True)
        if decision.ends_cancellation and not isinstance(news, MovedTo)
    ]
    assert len(ends) == len(set(ends))
    assert all(rows[number][0] is AppointmentState.CANCELLING for number in ends)
    assert not any(decision.fits for decision in decisions if decision.before in FINAL)


@pytest.mark.parametrize("state", AppointmentState)
def test_d45_a_window_is_moved_before_the_work_begins_and_to_another_window_alone(state: AppointmentState) -> None:
    there, elsewhere = (decide_news([(NewsSubject(1, state, SLOTS[0]), MovedTo(slot))])[0] for slot in SLOTS[:2])
    assert (there.fits, elsewhere.fits) == (False, state in MOVABLE)


@pytest.mark.parametrize(("hours", "fits"), [(-1, False), (0, True), (1, True)])
def test_d45_an_older_report_of_a_move_does_not_count(hours: int, *, fits: bool) -> None:
    subject = NewsSubject(1, AppointmentState.BOOKED, SLOTS[0], MORNING)
    at = MORNING + timedelta(hours=hours)
    moved, same = (decide_news([(subject, MovedTo(slot, at))])[0] for slot in (SLOTS[1], SLOTS[0]))
    assert (moved.fits, same.fits, same.confirmed_at) == (fits, False, at if fits else None)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_d46a_every_news_has_an_outcome_of_a_pending_cancellation(step: News) -> None:
    assert not isinstance(step, MovedTo)
    assert AppointmentState.CANCELLING in step.sources
    assert (PENDING_ENDS[step.target] is None) == (step is CANCELLED_BY_NETWORK)


@pytest.mark.parametrize("state", AppointmentState)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_d45_a_report_is_the_echo_of_a_pending_cancellation_and_of_nothing_else(
    state: AppointmentState, step: News
) -> None:
    assert not isinstance(step, Slot)
    found = transition_of(step, state)
    is_echo = step is CANCELLED_BY_NETWORK and state is AppointmentState.CANCELLING
    assert found is (CANCELLED if is_echo else step)
    assert found.target is step.target
