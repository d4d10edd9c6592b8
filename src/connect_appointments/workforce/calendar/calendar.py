"""A `Workforce` whose capacity is a database table. It decides immediately, and holds no offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connect_appointments.core.capacity import Window
from connect_appointments.core.windows import BookingPolicy, may_still_be_booked, slot_key
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.capacity import Reservation
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.calendar import decisions
from connect_appointments.workforce.calendar.decisions import Answer, Question, answer_to
from connect_appointments.workforce.calendar.offers import find_slots
from connect_appointments.workforce.port import (
    Availability,
    AvailabilityQuery,
    CancelCommand,
    MoveCommand,
    News,
    ReleaseCommand,
    ReserveCommand,
)


class Calendar:
    """The built-in calendar."""

    def __init__(self, database: Database, policy: BookingPolicy) -> None:
        """`policy`: the days that can be offered and booked."""
        self._database = database
        self._policy = policy
        self._reserve = GroupCommit[Question, Answer](database, decisions.reserve)
        self._cancel = GroupCommit[Question, Answer](database, decisions.cancel)
        self._move = GroupCommit[Question, Answer](database, decisions.move)

    async def find_slots(
        self, queries: Sequence[AvailabilityQuery], now: datetime
    ) -> Sequence[Availability | Exception]:
        """The windows with free capacity on the working days of each query, earliest first."""
        return await find_slots(self._database, self._policy, queries, now)

    async def release_offer(self, commands: Sequence[ReleaseCommand]) -> Sequence[Exception | None]:
        """No-op: the calendar holds no offers."""
        return [None for _ in commands]

    # The three methods below return only the answers that the port permits for each, which mypy cannot infer.

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        """Take capacity for each visit, unless the window is full, has begun or is inside the lead time."""
        return await self._reserve.submit_all([Question(one.key, *self._window(one, now)) for one in commands])

    async def cancel(self, commands: Sequence[CancelCommand]) -> Any:
        """Release the capacity of reservations, once per reservation; never refused, so the number decides nothing."""
        return await self._cancel.submit_all([Question(one.key) for one in commands])

    async def move(self, commands: Sequence[MoveCommand], now: datetime) -> Any:
        """Move reservations: both windows change in one transaction."""
        return await self._move.submit_all(
            [Question(one.key, *self._window(one, now), one.number, one.undo) for one in commands]
        )

    async def find(self, keys: Sequence[str]) -> Any:
        """The decision for each key."""

        async def work(transaction: Transaction) -> dict[str, Reservation]:
            return await capacity.decisions(transaction, keys)

        found = await self._database.read(work, batch=True)
        return [answer_to(key, found[key].state) if key in found else None for key in keys]

    async def news(self, cursor: str | None) -> News:
        """Always empty: the operator of the calendar records events directly."""
        return News((), cursor or "")

    def _window(self, command: ReserveCommand | MoveCommand, now: datetime) -> tuple[Window, bool]:
        """The window of a command, and whether it can still be booked."""
        site = command.visit.site
        return Window(*slot_key(command.slot, site)), may_still_be_booked(command.slot, now, site, self._policy)
