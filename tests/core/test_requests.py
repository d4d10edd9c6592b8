"""The states and transitions of an appointment-request by themselves: what leads where, and what is refused."""

from __future__ import annotations

import pytest

from connect_appointments.core import errors
from connect_appointments.core.requests import (
    BOOK,
    BOOKED,
    CANCEL,
    CREATED,
    FINAL,
    OCCUPYING,
    ON_THE_WIRE,
    ORDER_TRANSFERRED,
    SEARCH_FAILED,
    SLOT_REFUSED,
    SLOTS_FOUND,
    TRANSITIONS,
    State,
)
from connect_appointments.core.transitions import Transition
from tests.core.machines import arrows, reachable

SEARCHING, OPEN, BOOKING = State.SEARCHING, State.OPEN, State.BOOKING
BOOKED_STATE, FAILED, CANCELLED = State.BOOKED, State.FAILED, State.CANCELLED
ARROWS = {
    (SEARCHING, SLOTS_FOUND.name, OPEN),
    (SEARCHING, SEARCH_FAILED.name, FAILED),
    (SEARCHING, CANCEL.name, CANCELLED),
    (OPEN, CANCEL.name, CANCELLED),
    (FAILED, CANCEL.name, CANCELLED),
    (OPEN, BOOK.name, BOOKING),
    (BOOKING, BOOKED.name, BOOKED_STATE),
    (BOOKING, SLOT_REFUSED.name, OPEN),
}
"""The drawing of the contract, arrow by arrow."""
OVERTAKEN = {(State.BOOKING, "reschedule-overtaken", State.OPEN)}
"""What the contract adds where news wins against a reschedule (D46a)."""
TRANSFERRED = {(state, ORDER_TRANSFERRED.name, CANCELLED) for state in (SEARCHING, OPEN, FAILED, BOOKING)}
"""What D48 adds to the drawing."""


def test_the_transitions_are_the_arrows_of_the_contract() -> None:
    assert arrows(TRANSITIONS) == ARROWS | TRANSFERRED | OVERTAKEN


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(TRANSITIONS, SEARCHING) == set(State)


def test_cancelled_and_booked_are_final_and_nothing_else_is() -> None:
    assert {CANCELLED, BOOKED_STATE} == FINAL
    for state in FINAL:
        assert reachable(TRANSITIONS, state) == {state}


def test_d5_no_booking_ever_follows_a_cancel() -> None:
    assert not reachable(TRANSITIONS, CANCELLED) & OCCUPYING


def test_d3_no_cancel_ever_follows_a_booking_that_was_made() -> None:
    assert CANCELLED not in reachable(TRANSITIONS, BOOKED_STATE)


def test_d48_a_transfer_leaves_appointments_alone_and_ends_everything_else() -> None:
    assert set(State) - ORDER_TRANSFERRED.sources == FINAL


def test_d27_being_booked_and_booked_occupy_the_order() -> None:
    assert {BOOKING, BOOKED_STATE} == OCCUPYING


def test_d19_a_caller_reads_neither_searching_nor_failed() -> None:
    assert set(State) - set(ON_THE_WIRE) == {SEARCHING, FAILED}


@pytest.mark.parametrize(
    ("transition", "before", "refusal"),
    [
        pytest.param(CANCEL, OPEN, None, id="cancel-open"),
        pytest.param(CANCEL, CANCELLED, None, id="d1-cancel-cancelled"),
        pytest.param(CANCEL, SEARCHING, None, id="d2-cancel-searching"),
        pytest.param(CANCEL, BOOKING, errors.AppointmentRequestBooking, id="d3-cancel-booking"),
        pytest.param(CANCEL, BOOKED_STATE, errors.AppointmentRequestBooked, id="d3-cancel-booked"),
        pytest.param(CANCEL, FAILED, None, id="d4-cancel-failed"),
        pytest.param(CANCEL, None, errors.NotFound, id="d7-cancel-unknown"),
        pytest.param(BOOK, OPEN, None, id="book-open"),
        pytest.param(BOOK, CANCELLED, errors.AppointmentRequestCancelled, id="d5-book-cancelled"),
        pytest.param(BOOK, SEARCHING, errors.AppointmentRequestNotOpen, id="d32-book-searching"),
        pytest.param(BOOK, FAILED, errors.AppointmentRequestNotOpen, id="d32-book-failed"),
        pytest.param(BOOK, BOOKING, errors.AppointmentRequestBooking, id="d33-book-booking"),
        pytest.param(BOOK, BOOKED_STATE, errors.AppointmentRequestBooked, id="d33-book-booked"),
        pytest.param(BOOK, None, errors.NotFound, id="d7-book-unknown"),
    ],
)
def test_a_transition_is_checked(
    transition: Transition[State], before: State | None, refusal: type[errors.Refusal] | None
) -> None:
    if refusal is None:
        assert transition.check(before) is (before in transition.sources)
        return
    with pytest.raises(errors.Refusal) as raised:
        transition.check(before)
    assert type(raised.value) is refusal


@pytest.mark.parametrize("transition", [CANCEL, BOOK], ids=lambda transition: transition.name)
def test_a_callers_transition_has_one_answer_for_every_state(transition: Transition[State]) -> None:
    answers = [transition.sources, transition.already_in, frozenset(transition.refusals)]
    assert frozenset.union(*answers) == set(State)
    assert sum(len(states) for states in answers) == len(State)


def test_only_a_booking_under_way_says_when_to_come_back() -> None:
    refusals = {refusal for transition in (CANCEL, BOOK) for refusal in transition.refusals.values()}
    waiting = {refusal for refusal in refusals if refusal.retry_after_seconds is not None}
    assert waiting == {errors.AppointmentRequestBooking}


def test_every_event_has_its_own_kind() -> None:
    kinds = [CREATED, *(transition.name for transition in TRANSITIONS)]
    assert len(set(kinds)) == len(kinds)


def test_every_refusal_has_its_own_code_and_says_something() -> None:
    refusals = errors.Refusal.__subclasses__()
    own = [refusal for refusal in refusals if refusal.__module__ == errors.__name__]
    assert len({refusal.code for refusal in own}) == len(own)
    assert all(refusal.meaning().endswith(".") for refusal in own)
