"""Creating appointment-requests: many in one transaction, or one under an Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core import errors
from connect_appointments.core.model import Actor, Order, Owner
from connect_appointments.store import idempotency, jobs, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.store.idempotency import Used
from connect_appointments.store.jobs import JobKind, Task
from connect_appointments.store.requests import New
from connect_appointments.turns import Turns
from connect_appointments.workforce.windows import Rules, earliest_date_from, latest_date_from

Clock = Callable[[], datetime]
"""Answers the time, in UTC."""

KEY_LIFETIME = timedelta(hours=24)


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

    def __init__(self, database: Database, rules: Rules, clock: Clock) -> None:
        """`rules` say which dates may be asked for."""
        self._database = database
        self._rules = rules
        self._clock = clock
        self._turns = Turns()
        # Not repeatable: after an unknown outcome, once more would be one too many.
        self._lane = GroupCommit[Wish, int | errors.Refusal](self._create_many, repeatable=False)

    async def create(self, wish: Wish) -> int:
        """Create one, in a transaction with whatever else is wanted now; return its id.

        Raises `NotFound`, `InvalidFields`.
        """
        return _id(await self._lane.submit(wish))

    async def create_once(self, wish: Wish, key: str) -> int:
        """Create one, or return the id that the same key and wish created within 24 hours.

        Raises `IdempotencyKeyReused`, `IdempotencyKeyInUse`, and what `create` raises.
        """
        fingerprint = hashlib.sha256(f"{wish.order_id} {wish.date_from}".encode()).hexdigest()

        async def work(connection: AsyncConnection) -> int:
            if not await idempotency.take(connection, wish.owner, key):
                raise errors.IdempotencyKeyInUse
            used = await idempotency.used(connection, wish.owner, key, self._clock() - KEY_LIFETIME)
            if used is None:
                request_id = _id((await self._create(connection, [wish]))[0])
                await idempotency.keep(connection, wish.owner, key, Used(fingerprint, request_id))
                return request_id
            if used.fingerprint != fingerprint:
                raise errors.IdempotencyKeyReused
            return used.request_id

        async with self._turns.only_one((wish.owner, key)):
            return await self._database.write(work)

    async def _create_many(self, wishes: Sequence[Wish]) -> Sequence[int | errors.Refusal]:
        return await self._database.write(lambda connection: self._create(connection, wishes))

    async def _create(self, connection: AsyncConnection, wishes: Sequence[Wish]) -> list[int | errors.Refusal]:
        """An id or a refusal for each wish, in their order."""
        found = await orders.get_many(connection, {(wish.order_id, wish.owner) for wish in wishes})
        checked = [self._check(wish, found.get((wish.order_id, wish.owner))) for wish in wishes]
        wanted = [one for one in checked if isinstance(one, New)]
        ids = await requests.insert(connection, wanted) if wanted else []
        if ids:
            tasks = [Task(n, new.actor.trace) for n, new in zip(ids, wanted, strict=True)]
            await jobs.add(connection, JobKind.SEARCH, tasks)
        created = iter(ids)
        return [next(created) if isinstance(one, New) else one for one in checked]

    def _check(self, wish: Wish, order: Order | None) -> New | errors.Refusal:
        if order is None:
            return errors.NotFound()
        now = self._clock()
        first, last = earliest_date_from(now, order.site), latest_date_from(now, order.site, self._rules)
        if first <= wish.date_from <= last:
            return New(wish.actor, order, wish.date_from)
        detail = f"must be from {first} to {last} where the order's site is"
        return errors.InvalidFields(errors.FieldError("#/dateFrom", "out-of-range", detail))


def _id(result: int | errors.Refusal) -> int:
    if isinstance(result, errors.Refusal):
        raise result
    return result


def owner_of(actor: Actor) -> str:
    """The one owner an actor acts for."""
    if isinstance(actor.scope, Owner):
        return actor.scope.id
    raise TypeError("an operator acts for one owner at a time: give the owner as the scope")
