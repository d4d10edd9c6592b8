"""A model of the lifecycle in a few lines, and the service beside it, taken the same steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connect_appointments.core import errors
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Actor, Operator, Owner
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import events, orders, requests, verify
from connect_appointments.store.queries.jobs import Job
from connect_appointments.usecases.options import ServiceOptions
from connect_appointments.usecases.order_imports import import_orders
from connect_appointments.usecases.service import create_service
from connect_appointments.wiring import create_worker, default_policy
from connect_appointments.workforce.port import (
    Availability,
    AvailabilityQuery,
    CancelCommand,
    Cancelled,
    Refused,
    ReserveCommand,
    Reserved,
)
from tests.build import ALICE, sample_order
from tests.worker.by_hand import claim
from tests.worker.workforces import morning

T = TypeVar("T")
SLOTS = ("a", "b", "c")
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
EVERYBODYS = Operator("test")
IMPORT = Actor(Operator("import"), "import", "x_request_id-of-the-import")
REFUSALS = {"slot-unavailable": "refused", "order-transferred": "transferred"}
"""The codes that a refused booking attempt answers with, as the model calls them."""
UNTIL_THE_END = 86_400
"""Seconds of a lease: longer than any test."""


@dataclass
class Model:
    """What a request must be by now."""

    order_id: int
    state: str = "searching"
    slots: list[str] = field(default_factory=list)
    attempt: int | None = None
    transferred: bool = False
    """Whether its order changed hands during the attempt: the attempt is undone, also if the order comes back."""
    attempts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """The slot and the state of each booking attempt, by its number."""
    kinds: list[str] = field(default_factory=lambda: ["created"])
    open_jobs: list[Job] = field(default_factory=list)
    done_jobs: list[Job] = field(default_factory=list)

    def enter(self, state: str, kind: str) -> None:
        self.state = state
        self.kinds.append(kind)

    def end_attempt(self, booking_id: int, how: str, state: str, kind: str) -> None:
        """The attempt ends, and the request enters a state because of it."""
        slot, _ = self.attempts[booking_id]
        self.attempts[booking_id] = (slot, how)
        if how == "refused":
            self.slots.remove(slot)
        self.enter(state, kind)


class Told:
    """A workforce system that answers as it was told last."""

    def __init__(self) -> None:
        self.answer: object = True

    async def find_slots(self, queries: Sequence[AvailabilityQuery], _now: datetime) -> Any:
        self._fail()
        return [Availability([morning(name) for name in SLOTS]) for _ in queries]

    async def reserve(self, commands: Sequence[ReserveCommand], _now: datetime) -> Any:
        self._fail()
        return [Reserved(f"APT-{one.key}") if self.answer else Refused("no technician") for one in commands]

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        self._fail()
        return [Cancelled() for _ in commands]

    def _fail(self) -> None:
        if isinstance(self.answer, Exception):
            raise self.answer


class Real:
    """The service over a database, a step at a time; every step is one that an owner or a worker could take."""

    def __init__(self, url: str, *, alone: bool) -> None:
        """`alone`: an order may have one appointment only."""
        self._loop = asyncio.Runner()
        self.database = Database(url)
        self.workforce = Told()
        options = ServiceOptions(one_appointment_per_order=alone)
        policy: BookingPolicy = default_policy()
        self.service = create_service(self.database, policy, lambda: NOW, options, lambda _kind: None)
        worker_options = WorkerOptions(search_tries=1, backoff_seconds=0)
        told: Any = self.workforce
        self._worker = create_worker(self.database, told, policy, lambda: NOW, worker_options)

    def run(self, step: Awaitable[T]) -> T:
        async def taken() -> T:
            return await step

        return self._loop.run(taken())

    def outcome(self, step: Awaitable[T]) -> T | str:
        """What the step returns, or the code of its refusal."""
        try:
            return self.run(step)
        except errors.Refusal as refusal:
            return refusal.code

    def import_orders(self, ids: Sequence[int], owner: str = ALICE) -> None:
        """Import orders; those that are known change hands."""
        found = [sample_order(n, owner) for n in ids]
        self.run(import_orders(self.database, IMPORT, found, transfer=True, over_after_days=7))

    def next_order(self) -> int:
        """An order id that nobody has yet."""
        found = self.run(
            self.database.read(lambda transaction: orders.page(transaction, EVERYBODYS, after=0, limit=10_000))
        )
        return len(found) + 1

    def create(self, owner: str, order_id: int) -> int | str:
        """The id of a new appointment-request, or the code of its refusal."""
        day = NOW.date() + timedelta(days=1)
        return self.outcome(self.service.appointment_requests.create_request(actor(owner), order_id, day, None))

    def cancel(self, owner: str, request_id: int) -> str | None:
        return self.outcome(self.service.appointment_requests.cancel_request(actor(owner), request_id))

    def book(self, owner: str, request_id: int, slot: str) -> int | str:
        return self.outcome(self.service.bookings.book_slot(actor(owner), request_id, slot))

    def read(self, owner: str, request_id: int) -> Any:
        return self.outcome(self.service.appointment_requests.read_request(Owner(owner), request_id))

    def read_booking(self, owner: str, booking_id: int) -> Any:
        return self.outcome(self.service.bookings.read_booking(Owner(owner), booking_id))

    def claim(self) -> Sequence[Job]:
        """Every job that is due, for good."""
        return self.run(self.database.write(lambda transaction: claim(transaction, lease_seconds=UNTIL_THE_END)))

    def do(self, job: Job, answer: object) -> None:
        self.workforce.answer = answer
        self.run(self._worker.do([job]))

    def kinds(self, request_id: int) -> list[str]:
        found = self.run(self.database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id)))
        return [event.kind for event in found]

    def state(self, request_id: int) -> tuple[str, list[str]]:
        """Its state and slots, as the use case and the store's other query both say."""
        read = self.read(ALICE, request_id)
        if read == "search-failed":
            return "failed", []
        stored = self.run(self.database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id)))
        assert read == stored
        return read.state.value, [slot.id for slot in read.slots]

    def booking(self, booking_id: int) -> str:
        found = self.read_booking(ALICE, booking_id)
        if isinstance(found, str):
            return REFUSALS.get(found, found)
        assert (found.appointment is not None) == (found.state is BookingState.BOOKED)
        return str(found.state.value)

    def findings(self) -> Sequence[Any]:
        """What is wrong in the database."""
        return self.run(self.database.read(verify.findings))

    def close(self) -> None:
        self.run(self.database.close())
        self._loop.close()


def actor(owner: str) -> Actor:
    return Actor(Owner(owner), "portal-api", "x_request_id")
