"""Any sequence of steps of owners, importers and workers takes the service where it takes a model of a few lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from connect_appointments.store.queries.jobs import Job
from tests.build import ALICE, BOB
from tests.core.lifecycle_model import SLOTS, Model, Real

REFUSED_TO_CANCEL = {"booking": "appointment-request-booking", "booked": "appointment-request-booked"}
REFUSED_TO_BOOK = {
    **REFUSED_TO_CANCEL,
    "searching": "appointment-request-not-open",
    "failed": "appointment-request-not-open",
    "cancelled": "appointment-request-cancelled",
}
OCCUPYING = {"booking", "booked"}
ENDED_BY_A_TRANSFER = {"searching", "open", "failed"}
DOWN = ConnectionError("down")
STRANGER = "11999"


class Lifecycle(RuleBasedStateMachine):
    """Owners create, cancel and book; orders change hands; workers do the jobs in any order, late, twice or never."""

    url: str
    alone: bool
    requests: Bundle[int] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.real = Real(self.url, alone=self.alone)
        self.models: dict[int, Model] = {}
        self.owners: dict[int, str] = {}

    @initialize(target=requests)
    def create_the_first_of_two_orders(self) -> int:
        first = self.real.next_order()
        self.owners = {first: ALICE, first + 1: ALICE}
        self.orders = list(self.owners)
        self.real.import_orders(self.orders)
        return self._create(first)

    @rule(target=requests, which=st.integers(0, 1))
    def create(self, which: int) -> int:
        return self._create(self.orders[which])

    def _create(self, order_id: int) -> int:
        """A new request of Alice, or, where the order is Bob's now, her last one."""
        created = self.real.create(ALICE, order_id)
        if self.owners.get(order_id) == BOB:
            assert created == "not-found"
            return max(self.models)
        assert isinstance(created, int)
        assert created not in self.models
        self.models[created] = Model(order_id)
        self._claim()
        return created

    @rule(request_id=requests)
    def cancel(self, request_id: int) -> None:
        model = self.models[request_id]
        outcome = self.real.cancel(ALICE, request_id)
        assert outcome == REFUSED_TO_CANCEL.get(model.state)
        if outcome is None and model.state != "cancelled":
            model.slots = []
            model.enter("cancelled", "cancelled")

    @rule(request_id=requests, slot=st.sampled_from([*SLOTS, "never-offered"]))
    def book(self, request_id: int, slot: str) -> None:
        model = self.models[request_id]
        outcome = self.real.book(ALICE, request_id, slot)
        expected = self._expected_of_booking(model, slot)
        if expected is not None:
            assert outcome == expected
            return
        assert isinstance(outcome, int)
        assert all(outcome not in other.attempts for other in self.models.values())
        model.attempt = outcome
        model.attempts[outcome] = (slot, "booking")
        model.enter("booking", "booking-started")
        self._claim()

    def _expected_of_booking(self, model: Model, slot: str) -> int | str | None:
        """The same attempt, a refusal, or None for a new attempt."""
        if model.state in OCCUPYING and model.attempt is not None and model.attempts[model.attempt][0] == slot:
            return model.attempt
        if model.state != "open":
            return REFUSED_TO_BOOK[model.state]
        if self.alone and self._occupied(model.order_id):
            return "order-has-appointment"
        return None if slot in model.slots else "slot-not-offered"

    def _occupied(self, order_id: int) -> bool:
        return any(model.order_id == order_id and model.state in OCCUPYING for model in self.models.values())

    @rule(which=st.integers(0, 1), owner=st.sampled_from([ALICE, ALICE, BOB]))
    def d48_an_order_changes_hands(self, which: int, owner: str) -> None:
        self._transfer(self.orders[which], owner)

    @rule(request_id=requests, slot=st.sampled_from(SLOTS), answer=st.sampled_from([True, True, False, DOWN]))
    def d48_an_order_changes_hands_while_it_is_booked(self, request_id: int, slot: str, answer: Any) -> None:
        """What takes luck otherwise: a search, a booking, and a transfer between its claim and its answer."""
        self.do_a_job(request_id, answer=True)
        self.book(request_id, slot)
        if self.models[request_id].state == "booking":
            self._transfer(self.models[request_id].order_id, BOB)
            self.do_a_job(request_id, answer)

    def _transfer(self, order_id: int, owner: str) -> None:
        self.real.import_orders([order_id], owner)
        if self.owners[order_id] == owner:
            return
        self.owners[order_id] = owner
        for model in self.models.values():
            if model.order_id == order_id and model.state in ENDED_BY_A_TRANSFER:
                model.slots = []
                model.enter("cancelled", "order-transferred")
            model.transferred |= model.order_id == order_id and model.state == "booking"

    @rule(request_id=requests, slot=st.sampled_from(SLOTS), stranger=st.sampled_from([BOB, STRANGER]))
    def a_stranger_sees_nothing_and_changes_nothing(self, request_id: int, slot: str, stranger: str) -> None:
        outcomes = [
            self.real.cancel(stranger, request_id),
            self.real.book(stranger, request_id, slot),
            self.real.read(stranger, request_id),
            self.real.create(STRANGER, self.models[request_id].order_id),
        ]
        assert set(outcomes) == {"not-found"}

    @rule(request_id=requests, answer=st.sampled_from([True, False, DOWN]))
    def do_a_job(self, request_id: int, answer: Any) -> None:
        model = self.models[request_id]
        if not model.open_jobs:
            return
        job = model.open_jobs.pop(0)
        self.real.do(job, answer)
        if job.booking_id is None:
            self._searched(model, found=answer is not DOWN)
        elif answer is not DOWN:
            self._decided(model, job, granted=answer)
        model.done_jobs.append(job)
        self._claim()

    def _searched(self, model: Model, *, found: bool) -> None:
        if model.state != "searching":
            return
        if found:
            model.slots = list(SLOTS)
            model.enter("open", "slots-found")
        else:
            model.enter("failed", "search-failed")

    def _decided(self, model: Model, job: Job, *, granted: bool) -> None:
        """What a reservation, a refusal, or a reservation undone for a transfer before the claim means."""
        assert job.booking_id is not None
        undone = job.context.transferred_on is not None
        if not model.transferred:
            how = ("booked", "booked", "booked") if granted else ("refused", "open", "slot-refused")
            model.end_attempt(job.booking_id, *how)
        elif undone or not granted:
            model.slots = []
            model.end_attempt(job.booking_id, "transferred", "cancelled", "order-transferred")

    @rule(request_id=requests, answer=st.sampled_from([True, False, DOWN]), which=st.integers(0, 9))
    def do_an_old_job_again(self, request_id: int, answer: Any, which: int) -> None:
        """A worker that was asleep: what it says no longer counts."""
        done = self.models[request_id].done_jobs
        if done:
            self.real.do(done[which % len(done)], answer)

    def _claim(self) -> None:
        for job in self.real.claim():
            self.models[job.request_id or 0].open_jobs.append(job)

    @invariant()
    def both_say_the_same(self) -> None:
        for request_id, model in self.models.items():
            slots = model.slots if model.state == "open" else []
            assert self.real.state(request_id) == (model.state, slots)
            assert self.real.kinds(request_id) == model.kinds
            for booking_id, (_, state) in model.attempts.items():
                assert self.real.booking(booking_id) == state
                assert self.real.read_booking(BOB, booking_id) == "not-found"

    def teardown(self) -> None:
        try:
            assert self.real.findings() == []
        finally:
            self.real.close()


@pytest.mark.parametrize("alone", [True, False], ids=["d27-on", "d27-off"])
def test_any_sequence_of_steps_goes_as_the_model_does(database_url: str, *, alone: bool) -> None:
    machine = type("LifecycleHere", (Lifecycle,), {"url": database_url, "alone": alone})
    limits = settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(machine, settings=limits)
