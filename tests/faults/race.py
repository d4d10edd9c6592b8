"""Callers that race for the orders of a plan."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from .callers import CANCEL_AGAIN, Caller, Offer


@dataclass(frozen=True)
class Plan:
    """How a race goes.

    group: callers (all of one owner) that race for the same requests; batch: how many requests they race for at once.
    book_share: which part of the calls of the clash are book calls; the others cancel.
    slots: among how many of the first slots on offer the book calls choose.
    looks: how many more calls each caller makes at each request of the clash, around its own: reads, and after it some
        cancellations too.
    finish: cancel what is still open at the end, so that every request gets to a final state.
    deadline_seconds: after which a batch is left as it is.
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


async def race(callers: Sequence[Caller], orders: Iterable[int], plan: Plan) -> dict[int, str | None]:
    """Create requests, then cancel and book the same ones at once, then follow each until it is settled.

    orders: one request is made for each; a generator that ends when the harness has seen enough.
    Returns the last state read of each request (None: never read). Everything else is in the recorder.
    """
    queue, settled = iter(orders), dict[int, str | None]()
    async with asyncio.TaskGroup() as tasks:
        for first in range(0, len(callers), plan.group):
            group = callers[first : first + plan.group]
            tasks.create_task(_Race(group, plan, f"{plan.seed}/{first}", settled).run(queue))
    return settled


class _Race:
    """The race of one group of callers."""

    def __init__(self, group: Sequence[Caller], plan: Plan, seed: str, settled: dict[int, str | None]) -> None:
        self._group = group
        self._plan = plan
        self._chance = random.Random(seed)  # noqa: S311 - a choice to repeat, not a secret
        self._settled = settled
        self._offers: dict[int, tuple[Offer, ...]] = {}
        self._attempts: dict[int, set[int]] = {}
        self._until = 0.0

    async def run(self, queue: Iterator[int]) -> None:
        """Race for one batch after the other until there are no orders left."""
        while orders := list(itertools.islice(queue, self._plan.batch)):
            self._until = asyncio.get_running_loop().time() + self._plan.deadline_seconds
            self._offers, self._attempts = {}, {}
            await self._share(orders, self._open)
            async with asyncio.TaskGroup() as tasks:
                for caller in self._group:
                    tasks.create_task(self._clash(caller))
            await self._share(self._offers, self._settle)

    async def _share(self, items: Iterable[int], work: Callable[[Caller, int], Awaitable[None]]) -> None:
        """Let each caller take the next item as soon as it is done with its last one."""
        left = iter(items)

        async def take(caller: Caller) -> None:
            for item in left:
                await work(caller, item)

        async with asyncio.TaskGroup() as tasks:
            for caller in self._group:
                tasks.create_task(take(caller))

    async def _open(self, caller: Caller, order_id: int) -> None:
        """Create a request and wait until its search is over; the key makes it safe to repeat the creation."""
        key = secrets.token_hex(8)
        call = await caller.create(order_id, self._plan.date_from, key)
        while call.fate != "answered" and not await self._too_late():
            call = await caller.create(order_id, self._plan.date_from, key)
        if call.id is not None:
            self._offers[call.id] = await self._slots(caller, call.id)

    async def _slots(self, caller: Caller, request_id: int) -> tuple[Offer, ...]:
        reading = await caller.read(request_id)
        while reading.call.answer.state in {None, "searching"} and not await self._too_late():
            reading = await caller.read(request_id)
        return reading.offers

    async def _clash(self, caller: Caller) -> None:
        """Book or cancel every request of the batch, in the same order as all others of the group."""
        for request_id, offers in self._offers.items():
            before = self._chance.randint(0, self._plan.looks)
            for _ in range(before):
                await caller.read(request_id)
            await self._book_or_cancel(caller, request_id, offers)
            for _ in range(before, self._plan.looks):
                again = self._chance.random() < CANCEL_AGAIN
                await (caller.cancel(request_id) if again else caller.read(request_id))

    async def _book_or_cancel(self, caller: Caller, request_id: int, offers: Sequence[Offer]) -> None:
        if not offers or self._chance.random() >= self._plan.book_share:
            await caller.cancel(request_id)
            return
        slot = self._chance.choice(offers[: self._plan.slots])
        number = (await caller.book(request_id, slot.slot_id)).told_attempt
        if number is not None:
            self._attempts.setdefault(request_id, set()).add(number)
            await caller.read_booking(number, request_id)

    async def _settle(self, caller: Caller, request_id: int) -> None:
        """Read until nothing can change any more, and what became of each booking attempt."""
        state = (await caller.read(request_id)).call.answer.state
        while state not in {"booked", "cancelled"} and not await self._too_late():
            if state in {"open", "failed"}:
                if not self._plan.finish:
                    break
                await caller.cancel(request_id)
            state = (await caller.read(request_id)).call.answer.state
        self._settled[request_id] = state
        for number in self._attempts.get(request_id, ()):
            while (await caller.read_booking(number, request_id)).answer.status not in {200, 404, 422}:
                if await self._too_late():
                    return

    async def _too_late(self) -> bool:
        """Wait a moment before the next poll; whether the batch is past its deadline."""
        await asyncio.sleep(self._plan.poll_seconds)
        return asyncio.get_running_loop().time() > self._until
