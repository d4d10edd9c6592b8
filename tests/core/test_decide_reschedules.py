"""Which appointments may be rescheduled in a batch, and how a reschedule ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from connect_appointments.core import errors
from connect_appointments.core.appointments import CHANGING, FINAL, AppointmentState
from connect_appointments.core.decisions.reschedule import (
    Answer,
    KnownReschedule,
    Outcome,
    RefusedAtOnce,
    RescheduleSubject,
    decide_outcome,
    decide_reschedules,
)
from connect_appointments.core.model import Slot, SlotType
from connect_appointments.core.requests import State

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SLOTS = tuple(Slot(f"slot-{n}", SlotType.AM, LATER, LATER + timedelta(hours=4), "+10:00") for n in range(3))
SUBJECT = RescheduleSubject(
    appointment_id=583,
    appointment_state=AppointmentState.BOOKED,
    cancellable_until=LATER,
    request_id=301,
    request_state=State.OPEN,
    request_owner="11001",
    order_owner="11001",
    offer_expires_on=None,
    offered=SLOTS,
    taken_by=None,
    now=NOW,
)
ENDED = {
    AppointmentState.IN_PROGRESS: errors.AppointmentInProgress,
    **dict.fromkeys(FINAL, errors.AppointmentEnded),
}


def decided(slot_id: str = "slot-1", **changes: object) -> object:
    """The decision on one command; of a refusal, its type."""
    (decision,) = decide_reschedules([(replace(SUBJECT, **changes), slot_id)])  # type: ignore[arg-type]
    return type(decision) if isinstance(decision, errors.Refusal) else decision


def test_d46_an_offered_slot_is_given() -> None:
    assert decided() == SLOTS[1]


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        pytest.param(State.CANCELLED, errors.AppointmentRequestCancelled, id="d5"),
        pytest.param(State.SEARCHING, errors.AppointmentRequestNotOpen, id="d32-searching"),
        pytest.param(State.FAILED, errors.AppointmentRequestNotOpen, id="d32-failed"),
        pytest.param(State.BOOKING, errors.AppointmentRequestBooking, id="booking"),
        pytest.param(State.BOOKED, errors.AppointmentRequestBooked, id="booked"),
    ],
)
def test_a_request_that_is_not_open_is_refused_as_a_booking_is(state: State, refusal: type[errors.Refusal]) -> None:
    assert decided(request_state=state, offered=()) is refusal


def test_d30_a_slot_that_is_not_offered_is_refused() -> None:
    assert decided("slot-9") is errors.SlotNotOffered


def test_d47_an_offer_ends_at_its_moment() -> None:
    assert decided(offer_expires_on=NOW) is errors.OfferExpired
    assert decided(offer_expires_on=NOW + timedelta(microseconds=1)) == SLOTS[1]


def test_d48_a_request_of_an_old_owner_is_refused() -> None:
    assert decided(order_owner="11002") is errors.OrderTransferred


def test_d41_the_last_moment_is_in_time() -> None:
    assert decided(cancellable_until=NOW) == SLOTS[1]
    late = decided(cancellable_until=NOW - timedelta(microseconds=1))
    assert late == RefusedAtOnce(SLOTS[1], errors.PastPointOfNoReturn)


@pytest.mark.parametrize(("state", "refusal"), ENDED.items())
def test_d42_what_has_begun_or_ended_is_refused_as_an_outcome(
    state: AppointmentState, refusal: type[errors.Refusal]
) -> None:
    assert decided(appointment_state=state) == RefusedAtOnce(SLOTS[1], refusal)


@pytest.mark.parametrize("state", sorted(CHANGING))
def test_d46a_another_change_is_refused_whatever_the_request_is(state: AppointmentState) -> None:
    for request_state in State:
        assert decided(appointment_state=state, request_state=request_state) is errors.AppointmentChanging


@pytest.mark.parametrize("state", AppointmentState)
def test_d46a_a_repeat_has_the_number_of_the_same_reschedule(state: AppointmentState) -> None:
    same = KnownReschedule(9, 583, "slot-1")
    for request_state in (State.BOOKING, State.BOOKED):
        assert decided(appointment_state=state, request_state=request_state, taken_by=same, offered=()) == 9


def test_d46a_another_slot_or_another_appointment_is_no_repeat() -> None:
    for other in (KnownReschedule(9, 583, "slot-2"), KnownReschedule(9, 584, "slot-1")):
        assert decided(request_state=State.BOOKING, taken_by=other) is errors.AppointmentRequestBooking


def test_d46a_each_command_of_a_batch_sees_those_before_it() -> None:
    other_appointment, other_request = replace(SUBJECT, appointment_id=584), replace(SUBJECT, request_id=302)
    unrelated = replace(SUBJECT, appointment_id=585, request_id=303)
    late = replace(SUBJECT, appointment_id=586, request_id=304, cancellable_until=NOW - timedelta(days=1))
    commands = [SUBJECT, SUBJECT, other_appointment, other_request, unrelated, late, late]
    found = decide_reschedules([(subject, f"slot-{n % 2}") for n, subject in enumerate(commands)])
    kinds = [type(one) if isinstance(one, errors.Refusal) else one for one in found]
    assert kinds == [
        SLOTS[0],
        errors.AppointmentChanging,
        errors.AppointmentRequestBooking,
        errors.AppointmentChanging,
        SLOTS[0],
        RefusedAtOnce(SLOTS[1], errors.PastPointOfNoReturn),
        RefusedAtOnce(SLOTS[0], errors.PastPointOfNoReturn),
    ]


def test_d46_a_moved_or_refused_reschedule_ends_so() -> None:
    state = AppointmentState.RESCHEDULING
    assert decide_outcome(state, 9, 9, Answer.MOVED) is Outcome.RESCHEDULED
    assert decide_outcome(state, 9, 9, Answer.REFUSED) is Outcome.REFUSED


@pytest.mark.parametrize("state", ENDED)
def test_d46a_after_news_a_place_is_given_back_before_the_end(state: AppointmentState) -> None:
    assert decide_outcome(state, 9, 9, Answer.MOVED) is Outcome.TO_UNDO
    assert decide_outcome(state, 9, 9, Answer.REFUSED) is Outcome.OVERTAKEN
    assert decide_outcome(state, 9, 9, Answer.UNDONE) is Outcome.OVERTAKEN


def test_a_reschedule_that_another_worker_has_ended_is_stale() -> None:
    for state, answer in product(AppointmentState, Answer):
        assert decide_outcome(state, 10, 9, answer) is Outcome.STALE
    for state, answer in product((AppointmentState.BOOKED, AppointmentState.CANCELLING), Answer):
        assert decide_outcome(state, 9, 9, answer) is Outcome.STALE
