"""How a booking attempt ends: one row of a table for everything that can be found and answered."""

from __future__ import annotations

import itertools

import pytest

from connect_appointments.core.decisions.booking_outcome import Answer, Outcome, OutcomeSubject, decide_outcome
from connect_appointments.core.errors import OrderTransferred, SlotUnavailable
from connect_appointments.core.requests import State

ATTEMPT = 7
AT_THE_ATTEMPT = {
    ("kept", Answer.RESERVED): Outcome.CONFIRMED,
    ("kept", Answer.REFUSED): Outcome.REFUSED,
    ("kept", Answer.UNDONE): Outcome.REFUSED,
    ("transferred", Answer.RESERVED): Outcome.TO_UNDO,
    ("transferred", Answer.REFUSED): Outcome.TRANSFERRED,
    ("transferred", Answer.UNDONE): Outcome.TRANSFERRED,
}
"""What becomes of the attempt while its appointment-request is being booked by it."""
CASES = list(itertools.product(State, [ATTEMPT, ATTEMPT - 1, None], ["kept", "transferred"], Answer))


@pytest.mark.parametrize(("state", "booking_id", "order", "answer"), CASES)
def test_the_outcome_is_that_of_the_table(state: State, booking_id: int | None, order: str, answer: Answer) -> None:
    subject = OutcomeSubject(state, booking_id, is_transferred=order == "transferred")
    at_the_attempt = state is State.BOOKING and booking_id == ATTEMPT
    expected = AT_THE_ATTEMPT[order, answer] if at_the_attempt else Outcome.STALE
    assert decide_outcome(subject, ATTEMPT, answer) is expected


def test_every_outcome_is_reached() -> None:
    assert {*AT_THE_ATTEMPT.values(), Outcome.STALE} == set(Outcome)


def test_d48_a_reservation_is_confirmed_only_if_no_transfer_has_marked_the_attempt() -> None:
    assert [case for case, outcome in AT_THE_ATTEMPT.items() if outcome is Outcome.CONFIRMED] == [
        ("kept", Answer.RESERVED)
    ]


def test_a_refused_attempt_carries_the_code_that_its_owner_reads() -> None:
    assert Outcome.REFUSED.value == SlotUnavailable.code
    assert Outcome.TRANSFERRED.value == OrderTransferred.code
