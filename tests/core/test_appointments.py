"""The states and transitions of an appointment. Source: contract section 5."""

from __future__ import annotations

import pytest

from connect_appointments.core.appointments import (
    CANCEL,
    CANCELLATION_REFUSED,
    CANCELLED,
    CANCELLED_BY_NETWORK,
    CHANGING,
    COMPLETED,
    FINAL,
    INCOMPLETE,
    ON_THE_WIRE,
    RESCHEDULE,
    RESCHEDULE_REFUSED,
    RESCHEDULED,
    TRANSITIONS,
    WORK_BEGAN,
    AppointmentState,
)
from connect_appointments.core.transitions import Transition
from tests.core.machines import arrows, reachable

S = AppointmentState
NOT_ENDED = {S.BOOKED, S.CANCELLING, S.RESCHEDULING, S.IN_PROGRESS}
ARROWS = {
    (S.BOOKED, CANCEL.name, S.CANCELLING),
    (S.CANCELLING, CANCELLED.name, S.CANCELLED),
    (S.CANCELLING, CANCELLATION_REFUSED.name, S.BOOKED),
    (S.BOOKED, RESCHEDULE.name, S.RESCHEDULING),
    (S.RESCHEDULING, RESCHEDULED.name, S.BOOKED),
    (S.RESCHEDULING, RESCHEDULE_REFUSED.name, S.BOOKED),
}
"""What owners ask for and the worker decides."""
NEWS = {
    *((state, WORK_BEGAN.name, S.IN_PROGRESS) for state in NOT_ENDED - {S.IN_PROGRESS}),
    *((state, COMPLETED.name, S.COMPLETED) for state in NOT_ENDED),
    *((state, INCOMPLETE.name, S.INCOMPLETE) for state in NOT_ENDED),
    *((state, CANCELLED_BY_NETWORK.name, S.CANCELLED) for state in NOT_ENDED),
}
"""What the workforce system reports; steps may be skipped."""


def test_the_transitions_are_the_arrows_of_the_contract() -> None:
    assert arrows(TRANSITIONS) == ARROWS | NEWS


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(TRANSITIONS, S.BOOKED) == set(S)


def test_completed_incomplete_and_cancelled_are_final_and_nothing_else_is() -> None:
    assert {S.COMPLETED, S.INCOMPLETE, S.CANCELLED} == FINAL
    for state in FINAL:
        assert reachable(TRANSITIONS, state) == {state}


def test_d41_an_appointment_whose_work_has_begun_is_never_cancelled_by_its_owner() -> None:
    begun = reachable(TRANSITIONS, S.IN_PROGRESS)
    assert not begun & CANCEL.sources
    assert not begun & RESCHEDULE.sources


def test_d46a_an_appointment_changes_once_at_a_time() -> None:
    assert {S.CANCELLING, S.RESCHEDULING} == CHANGING
    assert not CHANGING & (CANCEL.sources | RESCHEDULE.sources)


def test_d46a_the_news_ends_a_change_that_is_under_way() -> None:
    reported = (WORK_BEGAN, COMPLETED, INCOMPLETE, CANCELLED_BY_NETWORK)
    assert all(transition.sources >= CHANGING for transition in reported)


@pytest.mark.parametrize("transition", [WORK_BEGAN, COMPLETED, INCOMPLETE, CANCELLED_BY_NETWORK], ids=lambda t: t.name)
def test_d45_news_that_comes_after_the_end_changes_nothing(transition: Transition[AppointmentState]) -> None:
    assert not transition.sources & FINAL


def test_d44_a_caller_reads_booked_while_the_appointment_is_changing() -> None:
    assert set(S) - set(ON_THE_WIRE) == CHANGING


def test_every_transition_has_its_own_name() -> None:
    names = [transition.name for transition in TRANSITIONS]
    assert len(set(names)) == len(names)
