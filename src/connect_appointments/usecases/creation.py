"""Creating appointment-requests: many in one transaction, or one under an Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core import errors
from connect_appointments.core.model import Actor, Order, Owner
from connect_appointments.store import idempotency, jobs, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.failures import RowHeld
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.store.idempotency import KEY_LIFETIME, Used
from connect_appointments.store.jobs import JobKind, Task
from connect_appointments.store.requests import New
from connect_appointments.usecases.turns import Room, Turns
from connect_appointments.workforce.windows import Rules, earliest_date_from, latest_date_from

Clock = Callable[[], datetime]
"""Answers the time, in UTC."""


@dataclass(frozen=True, eq=False, slots=True)
class Wish:
    """What a caller wants created; no two are the same."""

    actor: Actor
    owner: str
    order_id: int
    date_from: date

    @property
    def key(self) -> Wish:
        """Itself: two equal wishes are two appointment-requests."""
        return self


class Creations:
    """Creates appointment-requests."""

    def __init__(self, database: Database, rules: Rules, clock: Clock, *, max_waiting: int) -> None:
        """Start nothing yet.

        rules: which dates may be asked for.
        max_waiting: calls that may wait, of either kind; one more raises `Overloaded`.
        """
        self._database = database
        self._rules = rules
        self._clock = clock
        self._turns = Turns()
        # Not repeatable: after an unknown outcome, once more would be one too many.
        self._lane = GroupCommit[Wish, int | Exception](self._create_many, repeatable=False, max_waiting=max_waiting)
        self._once = Room(max_waiting)

    async def create(self, wish: Wish) -> int:
        """Create one, in a transaction with whatever else is wanted now; return its id.

        Raises `NotFound`, `InvalidFields`.
        """
        try:
            return _id(await self._lane.submit(wish))
        except RowHeld:
            return await self._database.write_waiting(lambda connection: self._create_one(connection, wish, wait=True))

    async def create_once(self, wish: Wish, key: str) -> int:
        """Create one, or return the id that the same key and wish created within 24 hours.

        Raises `IdempotencyKeyReused`, `IdempotencyKeyInUse`, and what `create` raises.
        """
        fingerprint = hashlib.sha256(f"{wish.order_id} {wish.date_from}".encode()).hexdigest()

        async def work(connection: AsyncConnection, *, wait: bool) -> int:
            if not await idempotency.take(connection, wish.owner, key):
                raise errors.IdempotencyKeyInUse
            used = await idempotency.used(connection, wish.owner, key, self._clock() - KEY_LIFETIME)
            if used is None:
                request_id = await self._create_one(connection, wish, wait=wait)
                await idempotency.keep(connection, wish.owner, key, Used(fingerprint, request_id))
                return request_id
            if used.fingerprint != fingerprint:
                raise errors.IdempotencyKeyReused
            return used.request_id

        with self._once.place(wish.owner):
            async with self._turns.only_one((wish.owner, key)):
                return await self._database.write_patiently(work)

    async def _create_many(self, wishes: Sequence[Wish]) -> Sequence[int | Exception]:
        return await self._database.write(lambda connection: self._create(connection, wishes, wait=False))

    async def _create_one(self, connection: AsyncConnection, wish: Wish, *, wait: bool) -> int:
        return _id((await self._create(connection, [wish], wait=wait))[0])

    async def _create(
        self, connection: AsyncConnection, wishes: Sequence[Wish], *, wait: bool
    ) -> list[int | Exception]:
        """An id, a refusal or `RowHeld` for each wish, in their order; `wait` for orders that are held, or do not."""
        found = await orders.get_many(connection, {(wish.order_id, wish.owner) for wish in wishes})
        ids = {order.id for order in found.values()}
        free = ids if wait or not ids else await orders.may_be_pointed_at(connection, ids)
        checked = [self._check(wish, found.get((wish.order_id, wish.owner)), free) for wish in wishes]
        wanted = [one for one in checked if isinstance(one, New)]
        new_ids = await requests.insert(connection, wanted) if wanted else []
        if new_ids:
            tasks = [Task(n, new.actor.trace) for n, new in zip(new_ids, wanted, strict=True)]
            await jobs.add(connection, JobKind.SEARCH, tasks)
        created = iter(new_ids)
        return [next(created) if isinstance(one, New) else one for one in checked]

    def _check(self, wish: Wish, order: Order | None, free: Collection[int]) -> New | Exception:
        if order is None:
            return errors.NotFound()
        now = self._clock()
        first, last = earliest_date_from(now, order.site), latest_date_from(now, order.site, self._rules)
        if first <= wish.date_from <= last:
            return New(wish.actor, order, wish.date_from) if order.id in free else RowHeld()
        detail = f"must be from {first} to {last} where the order's site is"
        return errors.InvalidFields(errors.FieldError("#/dateFrom", "out-of-range", detail))


def _id(result: int | Exception) -> int:
    if isinstance(result, Exception):
        raise result
    return result


def owner_of(actor: Actor) -> str:
    """The one owner an actor acts for."""
    if isinstance(actor.scope, Owner):
        return actor.scope.id
    raise TypeError("an operator acts for one owner at a time: give the owner as the scope")
