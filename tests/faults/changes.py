"""Callers who cancel and reschedule one appointment at once, and then book its order again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from .callers import Caller, Offer

Step = Literal["cancel", "reschedule"]
TEAM = 3
"""How many callers change one appointment at once."""
_OVER = frozenset({200, 404, 422})
_MOVE_THEN_CANCEL: tuple[Step, ...] = ("reschedule", "cancel")
_MOVE: tuple[Step, ...] = ("reschedule",)


class Race(Protocol):
    """What the race of a group of callers lends: its requests, its choices and its patience."""

    chance: random.Random

    @property
    def offers(self) -> Mapping[int, Sequence[Offer]]:
        """The slots on offer of each request."""

    async def make(self, caller: Caller, order_id: int) -> int | None:
        """Create a request and wait until its search is over."""

    async def follow(self, caller: Caller, request_id: int) -> str | None:
        """Read a request until it is booked or cancelled, and cancel it while it is open."""

    async def book(self, caller: Caller, request_id: int, slot_id: str) -> None:
        """Book a slot, and read the attempt until it is over."""

    async def too_late(self) -> bool:
        """Wait a moment before the next poll; whether there is no time left."""


class Changes:
    """The changes of appointments by the callers of one race."""

    def __init__(self, race: Race, slots: int, first_turn: int) -> None:
        """`slots`: among how many of the first slots on offer a caller chooses. first_turn: see `_steps`."""
        self._race = race
        self._slots = slots
        self._turn = first_turn

    async def change(self, team: Sequence[Caller], order_id: int, appointment_id: int) -> None:
        """Let every caller of a team change the appointment; if it is cancelled then, book its order again."""
        turn, self._turn = self._turn, self._turn + 1
        requests = await asyncio.gather(*(self._race.make(caller, order_id) for caller in team))
        async with asyncio.TaskGroup() as tasks:
            for caller, request_id in zip(team, requests, strict=True):
                tasks.create_task(self._act(caller, appointment_id, request_id, self._steps(turn)))
        if (await team[0].read_appointment(appointment_id)).answer.state == "cancelled":
            await self._book_again(team[0], order_id)

    def _steps(self, turn: int) -> tuple[Step, ...]:
        """In turn: a reschedule then a cancellation, a reschedule alone, both in any order."""
        in_any_order = tuple(self._race.chance.sample(_MOVE_THEN_CANCEL, 2))
        return (_MOVE_THEN_CANCEL, _MOVE, in_any_order)[turn % 3]

    async def _act(self, caller: Caller, appointment_id: int, request_id: int | None, steps: Sequence[Step]) -> None:
        for step in steps:
            if step == "cancel":
                await self._cancel(caller, appointment_id)
            elif request_id is not None:
                await self._reschedule(caller, appointment_id, request_id)
        if request_id is not None:
            await self._race.follow(caller, request_id)

    async def _cancel(self, caller: Caller, appointment_id: int) -> None:
        """Cancel until there is a number, as another change may be under way; then wait for the outcome."""
        call = await caller.cancel_appointment(appointment_id)
        while call.answer.change is None and not await self._race.too_late():
            call = await caller.cancel_appointment(appointment_id)
        if (number := call.answer.change) is None:
            return
        while (await caller.read_cancellation(number, appointment_id)).answer.status not in _OVER:
            if await self._race.too_late():
                return

    async def _reschedule(self, caller: Caller, appointment_id: int, request_id: int) -> None:
        """Reschedule, and repeat it where there is no answer; then wait for the outcome."""
        offers = self._race.offers.get(request_id, ())[: self._slots]
        if not offers:
            return
        offer = self._race.chance.choice(offers)
        call = await caller.reschedule(appointment_id, request_id, offer)
        while call.fate != "answered" and not await self._race.too_late():
            call = await caller.reschedule(appointment_id, request_id, offer)
        if (number := call.answer.change) is None:
            return
        while (await caller.read_reschedule(number, appointment_id, request_id)).answer.status not in _OVER:
            if await self._race.too_late():
                return

    async def _book_again(self, caller: Caller, order_id: int) -> None:
        request_id = await self._race.make(caller, order_id)
        if request_id is None:
            return
        if offers := self._race.offers.get(request_id):
            await self._race.book(caller, request_id, offers[0].slot_id)
        await self._race.follow(caller, request_id)
