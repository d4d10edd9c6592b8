"""Which cancellations of a batch begin: the same as if each command came alone, after those before it were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.decisions.appointment_cancellation import (
    CancellationOutcome,
    CancelSubject,
    Decision,
    NewCancellation,
    decide_cancellation_outcome,
    decide_cancellations,
)
from connect_appointments.core.errors import AppointmentChanging, Refusal

OWNER, NETWORK = CancelledBy.OWNER, CancelledBy.NETWORK
S, C = AppointmentState, CancellationState
unhurried = settings(deadline=None)


@dataclass
class Appointment:
    state: AppointmentState
    in_time: bool
    cancellation_id: int | None


class Rows:
    """The rows of the store, and what a decision does to them."""

    def __init__(self, appointments: dict[int, Appointment], cancellations: dict[int, CancellationState]) -> None:
        self.appointments = appointments
        self.cancellations = cancellations
        self.new: dict[NewCancellation, int] = {}

    def subject(self, number: int) -> CancelSubject:
        found = self.appointments[number]
        state = None if found.cancellation_id is None else self.cancellations[found.cancellation_id]
        return CancelSubject(number, found.state, found.in_time, found.cancellation_id, state)

    def write(self, decision: Decision) -> int | type[Refusal]:
        """Write a decision; return what its caller is told."""
        if not isinstance(decision, NewCancellation):
            return type(decision) if isinstance(decision, Refusal) else decision
        if decision not in self.new:
            number = self.new[decision] = 1000 + len(self.new)
            self.cancellations[number] = decision.state
            self.appointments[decision.appointment_id].cancellation_id = number
            if decision.state is C.DECIDING:
                self.appointments[decision.appointment_id].state = S.CANCELLING
        return self.new[decision]


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    appointments, cancellations = {}, {}
    for number in range(1, draw(st.integers(1, 4)) + 1):
        state = draw(st.sampled_from([S.BOOKED, *S]))
        known = [None, C.REFUSED, C.CANCELLED] if state is S.CANCELLED else [None, C.REFUSED]
        latest = C.DECIDING if state is S.CANCELLING else draw(st.sampled_from(known))
        if latest is not None:
            cancellations[number] = latest
        appointments[number] = Appointment(state, draw(st.booleans()), None if latest is None else number)
    return Rows(appointments, cancellations)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Rows, list[tuple[int, CancelledBy]]]:
    """Rows, and commands to cancel them: never two that are equal, which the queue of a batch makes one."""
    found = draw(rows())
    command = st.tuples(st.sampled_from(sorted(found.appointments)), st.sampled_from(CancelledBy))
    return found, draw(st.lists(command, max_size=8, unique=True))


def in_one_batch(found: Rows, commands: Sequence[tuple[int, CancelledBy]]) -> list[Decision]:
    return decide_cancellations([(found.subject(number), by) for number, by in commands])


@unhurried
@given(batch=batches())
def test_a_batch_decides_as_its_commands_would_one_after_the_other(
    batch: tuple[Rows, list[tuple[int, CancelledBy]]],
) -> None:
    found, commands = batch
    together = in_one_batch(found, commands)
    for (number, by), decision in zip(commands, together, strict=True):
        (alone,) = decide_cancellations([(found.subject(number), by)])
        told = found.write(alone)
        expected = found.new.get(decision) if isinstance(decision, NewCancellation) else decision
        assert told == (type(expected) if isinstance(expected, Refusal) else expected)


@unhurried
@given(batch=batches())
def test_d42_an_appointment_has_one_undecided_cancellation_at_most_and_only_if_it_was_booked(
    batch: tuple[Rows, list[tuple[int, CancelledBy]]],
) -> None:
    found, commands = batch
    new = {one for one in in_one_batch(found, commands) if isinstance(one, NewCancellation)}
    undecided = [one.appointment_id for one in new if one.state is C.DECIDING]
    assert len(undecided) == len(set(undecided))
    assert all(found.appointments[number].state is S.BOOKED for number in undecided)
    assert all((one.refusal is not None) == (one.state is C.REFUSED) for one in new)


def subject(state: AppointmentState, **changes: Any) -> CancelSubject:
    values = {"appointment_id": 583, "state": state, "in_time": True, "cancellation_id": None}
    return CancelSubject(**{**values, "cancellation_state": None, **changes})


@pytest.mark.parametrize(
    ("about", "by", "expected"),
    [
        (subject(S.BOOKED), OWNER, (C.DECIDING, None)),
        (subject(S.BOOKED, in_time=False), OWNER, (C.REFUSED, "past-point-of-no-return")),
        (subject(S.BOOKED, in_time=False), NETWORK, (C.DECIDING, None)),
        (subject(S.BOOKED, cancellation_id=7, cancellation_state=C.REFUSED), OWNER, (C.DECIDING, None)),
        (subject(S.CANCELLING, cancellation_id=7, cancellation_state=C.DECIDING), OWNER, 7),
        (subject(S.CANCELLING, cancellation_id=7, cancellation_state=C.DECIDING, in_time=False), NETWORK, 7),
        (subject(S.CANCELLED, cancellation_id=7, cancellation_state=C.CANCELLED), OWNER, 7),
        (subject(S.CANCELLED), OWNER, (C.CANCELLED, None)),
        (subject(S.CANCELLED, cancellation_id=7, cancellation_state=C.REFUSED), OWNER, (C.CANCELLED, None)),
        (subject(S.IN_PROGRESS), OWNER, (C.REFUSED, "appointment-in-progress")),
        (subject(S.IN_PROGRESS, in_time=False), OWNER, (C.REFUSED, "appointment-in-progress")),
        (subject(S.COMPLETED), NETWORK, (C.REFUSED, "appointment-ended")),
        (subject(S.INCOMPLETE), OWNER, (C.REFUSED, "appointment-ended")),
        (subject(S.RESCHEDULING), OWNER, AppointmentChanging),
        (subject(S.RESCHEDULING), NETWORK, AppointmentChanging),
    ],
)
def test_d41_d42_one_command_is_decided(about: CancelSubject, by: CancelledBy, expected: object) -> None:
    (decision,) = decide_cancellations([(about, by)])
    if isinstance(decision, NewCancellation):
        assert (decision.state, decision.refusal) == expected
        assert decision.cancelled_by is (NETWORK if about.state is S.CANCELLED else by)
    else:
        assert (type(decision) if isinstance(decision, Refusal) else decision) == expected


@pytest.mark.parametrize("state", AppointmentState)
@pytest.mark.parametrize("current_id", [None, 7, 8])
@pytest.mark.parametrize("is_cancelled", [True, False])
def test_d45_an_answer_counts_only_while_the_appointment_waits_for_it(
    state: AppointmentState, current_id: int | None, *, is_cancelled: bool
) -> None:
    outcome = decide_cancellation_outcome(state, current_id, 7, is_cancelled=is_cancelled)
    if (state, current_id) == (S.CANCELLING, 7):
        assert outcome is (CancellationOutcome.CANCELLED if is_cancelled else CancellationOutcome.REFUSED)
    else:
        assert outcome is CancellationOutcome.STALE
