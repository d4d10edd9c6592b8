"""A model of the lifecycle in a few lines, and the service beside it, taken the same steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from connect_appointments.core import errors
from connect_appointments.core.model import Actor, BookingState, Operator, Owner, Site, Slot
from connect_appointments.jobs.worker import Worker, WorkerOptions
from connect_appointments.store import events, jobs, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.store.jobs import Job
from connect_appointments.usecases.service import Service, ServiceOptions
from connect_appointments.workforce.windows import Rules
from tests.build import ALICE, BOB, sample_order
from tests.worker.workforces import morning

T = TypeVar("T")
SLOTS = ("a", "b", "c")
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
EVERYBODYS = Operator("test")


@dataclass
class Model:
    """What a request must be by now."""

    order_id: int
    state: str = "searching"
    slots: list[str] = field(default_factory=list)
    attempt: int | None = None
    attempts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """The slot and the state of each booking attempt, by its number."""
    kinds: list[str] = field(default_factory=lambda: ["created"])
    open_jobs: list[Job] = field(default_factory=list)
    done_jobs: list[Job] = field(default_factory=list)

    def enter(self, state: str, kind: str) -> None:
        self.state = state
        self.kinds.append(kind)


class Told:
    """A workforce system that answers as it was told last."""

    def __init__(self) -> None:
        self.answer: object = True

    async def find_slots(self, _site: Site, _date_from: object, _now: datetime) -> Sequence[Slot]:
        self._fail()
        return [morning(name) for name in SLOTS]

    async def reserve(self, booking_id: int, _site: Site, _slot: Slot, _now: datetime) -> str | None:
        self._fail()
        return f"APT-{booking_id}" if self.answer else None

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
        self._hot_path = HotPath(self.database)
        options = ServiceOptions(one_appointment_per_order=alone)
        self.service = Service(self.database, self._hot_path, Rules(), lambda: NOW, options, lambda: None)
        worker_options = WorkerOptions(search_tries=1, backoff_seconds=0)
        self._worker = Worker(self.database, self.workforce, lambda: NOW, worker_options)

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

    def import_orders(self, ids: Sequence[int]) -> None:
        found = [sample_order(n) for n in ids]
        self.run(self.database.write(lambda connection: orders.upsert(connection, found)))

    def next_order(self) -> int:
        """An order id that nobody has yet."""
        found = self.run(
            self.database.read(lambda connection: orders.page(connection, EVERYBODYS, after=0, limit=10_000))
        )
        return len(found) + 1

    def create(self, order_id: int) -> int:
        day = NOW.date() + timedelta(days=1)
        return self.run(self.service.create_request(actor(ALICE), order_id, day, None))

    def claim(self) -> Sequence[Job]:
        """Every job that is due, for good: its lease is longer than any test."""
        claim = jobs.claim
        return self.run(self.database.write(lambda connection: claim(connection, limit=100, lease_seconds=86_400)))

    def do(self, job: Job, answer: object) -> None:
        self.workforce.answer = answer
        self.run(self._worker.do(job))

    def kinds(self, request_id: int) -> list[str]:
        found = self.run(self.database.read(lambda connection: events.of_request(connection, EVERYBODYS, request_id)))
        return [event.kind for event in found]

    def state(self, request_id: int) -> tuple[str, list[str]]:
        """Its state and slots, as the hot path and the store's other query both say."""
        try:
            read = self.run(self.service.read_request(Owner(ALICE), request_id))
        except errors.SearchFailed:
            return "failed", []
        stored = self.run(self.database.read(lambda connection: requests.get(connection, EVERYBODYS, request_id)))
        assert read == stored
        return read.state.value, [slot.id for slot in read.slots]

    def booking(self, booking_id: int) -> str:
        found = self.outcome(self.service.read_booking(Owner(ALICE), booking_id))
        if isinstance(found, str):
            return "refused" if found == "slot-unavailable" else found
        assert (found.appointment is not None) == (found.state is BookingState.BOOKED)
        return found.state.value

    def close(self) -> None:
        self.run(self._hot_path.close())
        self.run(self.database.close())
        self._loop.close()


def actor(owner: str) -> Actor:
    return Actor(Owner(owner), "portal-api", "trace")


STRANGER = actor(BOB)
