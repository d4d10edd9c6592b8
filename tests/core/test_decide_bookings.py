"""Which bookings of a batch begin: the same as if each command came alone, after those before it were written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core.decisions.booking import BookSubject, Decision, decide_bookings
from connect_appointments.core.errors import (
    AppointmentRequestBooked,
    AppointmentRequestBooking,
    AppointmentRequestCancelled,
    AppointmentRequestNotOpen,
    OfferExpired,
    OrderHasAppointment,
    OrderTransferred,
    Refusal,
    SlotNotOffered,
)
from connect_appointments.core.model import Slot, SlotType
from connect_appointments.core.requests import OCCUPYING, State

MORNING = datetime(2026, 11, 23, 22, tzinfo=UTC)
SLOTS = {name: Slot(name, SlotType.AM, MORNING, MORNING + timedelta(hours=4), "+10:00") for name in "abc"}
NEVER_OFFERED = "z"
unhurried = settings(deadline=None)


@dataclass
class Order:
    owner: str
    occupancy: int


@dataclass
class Request:
    order_id: int
    owner: str
    state: State
    booking_id: int | None
    slot_id: str | None
    is_expired: bool = False


class Rows:
    """The rows of the store, and what a decision does to them."""

    def __init__(self, orders: dict[int, Order], requests: dict[int, Request]) -> None:
        self.orders = orders
        self.requests = requests
        self.next_booking = 1000

    def subject(self, request_id: int) -> BookSubject:
        """What a command sees that has locked the request and its order."""
        request = self.requests[request_id]
        order = self.orders[request.order_id]
        return BookSubject(
            request_id=request_id,
            order_id=request.order_id,
            owner=request.owner,
            order_owner=order.owner,
            occupancy=order.occupancy,
            state=request.state,
            booking_id=request.booking_id,
            slot_id=request.slot_id if request.state in OCCUPYING else None,
            offered=tuple(SLOTS.values()) if request.state is State.OPEN else (),
            is_expired=request.is_expired,
        )

    def write(self, request_id: int, decision: Decision) -> None:
        if not isinstance(decision, Slot):
            return
        request = self.requests[request_id]
        request.state, request.booking_id, request.slot_id = State.BOOKING, self.next_booking, decision.id
        self.next_booking += 1
        self.orders[request.order_id].occupancy += 1


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """A few orders, some of which have changed hands, with appointment-requests in any state."""
    orders = {number: Order(draw(st.sampled_from("ABB")), 0) for number in range(1, draw(st.integers(1, 3)) + 1)}
    requests = {}
    for number in range(1, draw(st.integers(1, 6)) + 1):
        state = draw(st.sampled_from([State.OPEN, *State]))
        booking_id = number if state in OCCUPYING else draw(st.sampled_from([None, number]))
        order_id = draw(st.sampled_from(sorted(orders)))
        slot_id = booking_id and draw(st.sampled_from("abc"))
        is_expired = state is State.OPEN and draw(st.booleans())
        requests[number] = Request(order_id, "B", state, booking_id, slot_id, is_expired)
        orders[order_id].occupancy += state in OCCUPYING
    return Rows(orders, requests)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Rows, list[tuple[int, str]]]:
    """Rows, and commands to book them: never two that are equal, which the queue of a batch makes one."""
    found = draw(rows())
    command = st.tuples(st.sampled_from(sorted(found.requests)), st.sampled_from([*SLOTS, NEVER_OFFERED]))
    return found, draw(st.lists(command, max_size=12, unique=True))


def comparable(decision: Decision) -> Any:
    return type(decision) if isinstance(decision, Refusal) else decision


def in_one_batch(found: Rows, commands: Sequence[tuple[int, str]], *, one_per_order: bool) -> list[Decision]:
    asked = [(found.subject(request_id), slot_id) for request_id, slot_id in commands]
    return decide_bookings(asked, one_per_order=one_per_order)


@unhurried
@given(batch=batches(), one_per_order=st.booleans())
def test_a_batch_decides_as_its_commands_would_one_after_the_other(
    batch: tuple[Rows, list[tuple[int, str]]], *, one_per_order: bool
) -> None:
    found, commands = batch
    together = in_one_batch(found, commands, one_per_order=one_per_order)
    alone = []
    for request_id, slot_id in commands:
        (decision,) = decide_bookings([(found.subject(request_id), slot_id)], one_per_order=one_per_order)
        found.write(request_id, decision)
        alone.append(decision)
    assert [comparable(decision) for decision in together] == [comparable(decision) for decision in alone]


@unhurried
@given(batch=batches())
def test_d27_at_most_one_booking_begins_of_an_order(batch: tuple[Rows, list[tuple[int, str]]]) -> None:
    found, commands = batch
    occupied = {number for number, order in found.orders.items() if order.occupancy}
    decisions = in_one_batch(found, commands, one_per_order=True)
    begun = Counter(
        found.requests[request_id].order_id
        for (request_id, _), decision in zip(commands, decisions, strict=True)
        if isinstance(decision, Slot)
    )
    assert not occupied & begun.keys()
    assert all(count == 1 for count in begun.values())


@unhurried
@given(batch=batches(), one_per_order=st.booleans())
def test_a_request_begins_one_booking_at_most_and_only_of_a_slot_that_it_offers(
    batch: tuple[Rows, list[tuple[int, str]]], *, one_per_order: bool
) -> None:
    found, commands = batch
    decisions = in_one_batch(found, commands, one_per_order=one_per_order)
    begun = [(*command, one) for command, one in zip(commands, decisions, strict=True) if isinstance(one, Slot)]
    assert len({request_id for request_id, _, _ in begun}) == len(begun)
    for request_id, slot_id, slot in begun:
        assert slot is SLOTS[slot_id]
        assert found.requests[request_id].state is State.OPEN
        assert not found.requests[request_id].is_expired
        assert found.orders[found.requests[request_id].order_id].owner == "B"


def subject(state: State = State.OPEN, **changes: Any) -> BookSubject:
    values = {
        "request_id": 300,
        "order_id": 10,
        "owner": "B",
        "order_owner": "B",
        "occupancy": int(state in OCCUPYING),
        "state": state,
        "booking_id": 7 if state in OCCUPYING else None,
        "slot_id": "a" if state in OCCUPYING else None,
        "offered": tuple(SLOTS.values()) if state is State.OPEN else (),
        **changes,
    }
    return BookSubject(**values)


@pytest.mark.parametrize(
    ("about", "slot_id", "expected"),
    [
        pytest.param(subject(), "a", SLOTS["a"], id="an-offered-slot"),
        pytest.param(subject(), NEVER_OFFERED, SlotNotOffered, id="d30-never-offered"),
        pytest.param(subject(State.CANCELLED), "a", AppointmentRequestCancelled, id="d5-cancelled"),
        pytest.param(subject(State.SEARCHING), "a", AppointmentRequestNotOpen, id="d32-searching"),
        pytest.param(subject(State.FAILED), "a", AppointmentRequestNotOpen, id="d32-failed"),
        pytest.param(subject(State.BOOKING), "a", 7, id="d33-the-same-slot-while-it-is-booked"),
        pytest.param(subject(State.BOOKING), "b", AppointmentRequestBooking, id="d33-another-slot-while-it-is-booked"),
        pytest.param(subject(State.BOOKED), "a", 7, id="d33-the-same-slot-when-it-is-booked"),
        pytest.param(subject(State.BOOKED), "b", AppointmentRequestBooked, id="d33-another-slot-when-it-is-booked"),
        pytest.param(subject(is_expired=True), "a", OfferExpired, id="d47-an-expired-offer"),
        pytest.param(subject(is_expired=True), NEVER_OFFERED, OfferExpired, id="d47-before-d30"),
        pytest.param(subject(is_expired=True, occupancy=1), "a", OfferExpired, id="d47-before-d27"),
        pytest.param(subject(occupancy=1), "a", OrderHasAppointment, id="d27-an-occupied-order"),
        pytest.param(subject(order_owner="A"), "a", OrderTransferred, id="d48-an-order-that-has-changed-hands"),
        pytest.param(subject(State.BOOKED, order_owner="A"), "a", 7, id="d48-an-appointment-stays-with-its-old-owner"),
    ],
)
def test_one_command_is_decided(about: BookSubject, slot_id: str, expected: object) -> None:
    (decision,) = decide_bookings([(about, slot_id)], one_per_order=True)
    assert comparable(decision) == expected


def test_d27_an_occupied_order_is_booked_again_where_the_operator_allows_it() -> None:
    (decision,) = decide_bookings([(subject(occupancy=1), "a")], one_per_order=False)
    assert decision is SLOTS["a"]


def test_d27_of_two_requests_of_one_order_in_a_batch_the_first_is_booked() -> None:
    order = Order("B", 0)
    found = Rows({1: order}, {number: Request(1, "B", State.OPEN, None, None) for number in (1, 2)})
    first, second = in_one_batch(found, [(1, "a"), (2, "b")], one_per_order=True)
    assert first is SLOTS["a"]
    assert isinstance(second, OrderHasAppointment)
