"""Callers that race for the orders of a plan."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from .callers import CANCEL_AGAIN, Caller, Offer
from .changes import TEAM, Changes

W = TypeVar("W")
T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How a race goes.

    group: callers (all of one owner) that race for the same requests; batch: how many requests they race for at once.
    book_share: which part of the calls of the clash are book calls; the others cancel.
    slots: among how many of the first slots on offer the book calls choose.
    looks: how many more calls each caller makes at each request of the clash, around its own: reads, and after it some
        cancellations too.
    finish: cancel what is still open at the end, so that every request gets to a final state.
    deadline_seconds: after which a batch is left as it is, and again after which its changes are.
    change_every: of so many booked requests the appointment of one is changed; 0 changes none.
    """

    date_from: str
    group: int = 4
    batch: int = 1
    book_share: float = 0.5
    slots: int = 3
    looks: int = 0
    finish: bool = True
    poll_seconds: float = 0.05
    deadline_seconds: float = 60.0
    seed: int = 0
    change_every: int = 3


async def race(callers: Sequence[Caller], orders: Iterable[int], plan: Plan) -> dict[int, str | None]:
    """Create requests, cancel and book the same ones at once, follow each until it is settled, change appointments.

    orders: one request is made for each; a generator that ends when the harness has seen enough.
    Returns the last state read of each request (None: never read). Everything else is in the recorder.
    """
    queue, settled = iter(orders), dict[int, str | None]()
    async with asyncio.TaskGroup() as tasks:
        for first in range(0, len(callers), plan.group):
            group = callers[first : first + plan.group]
            tasks.create_task(_Race(group, plan, first // plan.group, settled).run(queue))
    return settled


class _Race:
    """The race of one group of callers."""

    def __init__(self, group: Sequence[Caller], plan: Plan, number: int, settled: dict[int, str | None]) -> None:
        self._group = group
        self._plan = plan
        self.chance = random.Random(f"{plan.seed}/{number}")  # noqa: S311 - a choice to repeat, not a secret
        self._settled = settled
        self.offers: dict[int, tuple[Offer, ...]] = {}
        self._orders: dict[int, int] = {}
        self._visits: dict[int, int] = {}
        self._attempts: dict[int, set[int]] = {}
        self._booked = itertools.count()
        self._changes = Changes(self, plan.slots, number)
        self._until = 0.0

    async def run(self, queue: Iterator[int]) -> None:
        """Race for one batch after the other until there are no orders left."""
        while orders := list(itertools.islice(queue, self._plan.batch)):
            self._until = asyncio.get_running_loop().time() + self._plan.deadline_seconds
            self.offers, self._orders, self._visits, self._attempts = {}, {}, {}, {}
            await _share(self._group, orders, self._open)
            async with asyncio.TaskGroup() as tasks:
                for caller in self._group:
                    tasks.create_task(self._clash(caller))
            await _share(self._group, list(self.offers), self._settle)
            await self._change_some()

    async def _open(self, caller: Caller, order_id: int) -> None:
        await self.make(caller, order_id)

    async def make(self, caller: Caller, order_id: int) -> int | None:
        """Create a request and wait until its search is over; the key makes it safe to repeat the creation."""
        key = secrets.token_hex(8)
        call = await caller.create(order_id, self._plan.date_from, key)
        while call.fate != "answered" and not await self.too_late():
            call = await caller.create(order_id, self._plan.date_from, key)
        if call.id is not None:
            self._orders[call.id] = order_id
            self.offers[call.id] = await self._slots(caller, call.id)
        return call.id

    async def _slots(self, caller: Caller, request_id: int) -> tuple[Offer, ...]:
        reading = await caller.read(request_id)
        while reading.call.answer.state in {None, "searching"} and not await self.too_late():
            reading = await caller.read(request_id)
        return reading.offers

    async def _clash(self, caller: Caller) -> None:
        """Book or cancel every request of the batch, in the same order as all others of the group."""
        for request_id, offers in self.offers.items():
            before = self.chance.randint(0, self._plan.looks)
            for _ in range(before):
                await caller.read(request_id)
            await self._book_or_cancel(caller, request_id, offers)
            for _ in range(before, self._plan.looks):
                again = self.chance.random() < CANCEL_AGAIN
                await (caller.cancel(request_id) if again else caller.read(request_id))

    async def _book_or_cancel(self, caller: Caller, request_id: int, offers: Sequence[Offer]) -> None:
        if not offers or self.chance.random() >= self._plan.book_share:
            await caller.cancel(request_id)
            return
        slot = self.chance.choice(offers[: self._plan.slots])
        number = (await caller.book(request_id, slot.slot_id)).told_attempt
        if number is not None:
            self._attempts.setdefault(request_id, set()).add(number)
            await caller.read_booking(number, request_id)

    async def _settle(self, caller: Caller, request_id: int) -> None:
        """Read until nothing can change any more, and what became of each booking attempt."""
        self._settled[request_id] = await self.follow(caller, request_id)
        for number in self._attempts.get(request_id, ()):
            await self._outcome(caller, number, request_id)

    async def follow(self, caller: Caller, request_id: int) -> str | None:
        """Read a request until it is booked or cancelled, and cancel it while it is open; its last state."""
        answer = (await caller.read(request_id)).call.answer
        while answer.state not in {"booked", "cancelled"} and not await self.too_late():
            if answer.state in {"open", "failed"}:
                if not self._plan.finish:
                    break
                await caller.cancel(request_id)
            answer = (await caller.read(request_id)).call.answer
        if answer.appointment is not None:
            self._visits[request_id] = answer.appointment
        return answer.state

    async def book(self, caller: Caller, request_id: int, slot_id: str) -> None:
        """Book a slot, and read the attempt until it is over."""
        number = (await caller.book(request_id, slot_id)).told_attempt
        if number is not None:
            await self._outcome(caller, number, request_id)

    async def _outcome(self, caller: Caller, number: int, request_id: int) -> None:
        while (await caller.read_booking(number, request_id)).answer.status not in {200, 404, 422}:
            if await self.too_late():
                return

    async def _change_some(self) -> None:
        """Change the appointments of some of the booked requests, each by a team of callers."""
        self._until = asyncio.get_running_loop().time() + self._plan.deadline_seconds
        every = self._plan.change_every
        visits = [visit for visit in self._visits.items() if every and next(self._booked) % every == 0]
        teams = [self._group[first : first + TEAM] for first in range(0, len(self._group), TEAM)]

        async def change(team: Sequence[Caller], visit: tuple[int, int]) -> None:
            request_id, appointment_id = visit
            await self._changes.change(team, self._orders[request_id], appointment_id)

        await _share(teams, visits, change)

    async def too_late(self) -> bool:
        """Wait a moment before the next poll; whether the batch is past its deadline."""
        await asyncio.sleep(self._plan.poll_seconds)
        return asyncio.get_running_loop().time() > self._until


async def _share(workers: Iterable[W], items: Iterable[T], work: Callable[[W, T], Awaitable[None]]) -> None:
    """Let each worker take the next item as soon as it is done with its last one."""
    left = iter(items)

    async def take(worker: W) -> None:
        for item in left:
            await work(worker, item)

    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(take(worker))
