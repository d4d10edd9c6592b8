"""Creating appointment-requests in batches, with and without an Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from connect_appointments.core import errors
from connect_appointments.core.decisions.creation import is_in_range_everywhere, refuse_date
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, Locked, RowLocked, is_row, lock
from connect_appointments.store.queries import creations, idempotency, orders, requests
from connect_appointments.store.queries.idempotency import KEY_LIFETIME, OwnedKey, Used
from connect_appointments.store.queries.orders import site_of
from connect_appointments.store.queries.requests import NewRequest
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.clock import Clock

SEARCH = "search"
"""The kind of the job that searches the slots of a new appointment-request."""

Answer = int | Exception | Literal[RowLocked.ROW_LOCKED]


class CreateCommand(NamedTuple):
    """An appointment-request to create. `number` makes commands distinct: two equal commands create two requests."""

    owner: str
    order_id: int
    date_from: date
    client: str
    x_request_id: str
    idempotency_key: str | None
    number: int

    @property
    def key(self) -> int:
        """Every command has its own key."""
        return self.number

    @property
    def row(self) -> tuple[str, int]:
        """The order to lock."""
        return self.owner, self.order_id

    @property
    def owned_key(self) -> OwnedKey:
        """The Idempotency-Key; the command must have one."""
        return OwnedKey(self.owner, self.idempotency_key or "")

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for bodies with equal content."""
        return hashlib.sha256(f"{self.order_id} {self.date_from}".encode()).hexdigest()


class Creations:
    """Creates appointment-requests."""

    def __init__(self, database: Database, policy: BookingPolicy, clock: Clock, *, max_waiting: int) -> None:
        """Create the use case without starting any task.

        policy: the dates that can be requested.
        max_waiting: limit of queued calls; a call above the limit is shed with `Overloaded`.
        """
        self._policy = policy
        self._clock = clock
        # Not repeatable: after an unknown outcome, a retry could create a second appointment-request.
        self._checked = GroupCommit[CreateCommand, int](
            database, self._create, repeatable=False, max_waiting=max_waiting
        )
        self._plain = GroupCommit[CreateCommand, int](
            database, _create_plain, repeatable=False, one_statement=True, max_waiting=max_waiting
        )
        self._keys_in_use: set[OwnedKey] = set()

    async def create(self, command: CreateCommand) -> int:
        """Create an appointment-request; return its id, or the id that the same key and body created within 24 hours.

        Raises `NotFound`, `InvalidFields`, `IdempotencyKeyReused`, `IdempotencyKeyInUse`.
        """
        if command.idempotency_key is None:
            is_plain = is_in_range_everywhere(command.date_from, self._clock(), self._policy)
            return await (self._plain if is_plain else self._checked).submit(command)
        if command.owned_key in self._keys_in_use:
            raise errors.IdempotencyKeyInUse
        self._keys_in_use.add(command.owned_key)
        try:
            return await self._checked.submit(command)
        finally:
            self._keys_in_use.discard(command.owned_key)

    async def _create(
        self, transaction: Transaction, commands: Sequence[CreateCommand], *, wait: bool
    ) -> Sequence[Answer]:
        """Answer the commands whose keys have been used; create the appointment-requests of the other commands."""
        answers: list[Answer | None] = [None] * len(commands)
        keyed = [number for number, command in enumerate(commands) if command.idempotency_key is not None]
        if keyed:
            used = await self._used(transaction, [commands[number] for number in keyed])
            for number, answer in zip(keyed, used, strict=True):
                answers[number] = answer
        fresh = [number for number, answer in enumerate(answers) if answer is None]
        made = await self._create_fresh(transaction, [commands[number] for number in fresh], wait=wait)
        for number, created in zip(fresh, made, strict=True):
            answers[number] = created
        return answers  # type: ignore[return-value]  # each is answered by now

    async def _used(self, transaction: Transaction, commands: Sequence[CreateCommand]) -> list[Answer | None]:
        """Lock the keys of commands; return a result for each key that is locked elsewhere or was used, else None."""
        keys = [command.owned_key for command in commands]
        locked = await idempotency.lock(transaction, keys)
        used = await idempotency.used(transaction, keys, self._clock() - KEY_LIFETIME)
        return [_answer_of(*each) for each in zip(commands, locked, used, strict=True)]

    async def _create_fresh(
        self, transaction: Transaction, commands: Sequence[CreateCommand], *, wait: bool
    ) -> list[Answer]:
        locked = await lock(
            transaction, orders.LOCK_OWNED, [(command.order_id, command.owner) for command in commands], wait=wait
        )
        answers = [self._check(command, order) for command, order in zip(commands, locked, strict=True)]
        wanted = [command for command, answer in zip(commands, answers, strict=True) if answer is None]
        ids = await requests.insert(
            transaction,
            [NewRequest(one.owner, one.order_id, one.date_from, one.client, one.x_request_id) for one in wanted],
            job=SEARCH,
        )
        new = list(zip(wanted, ids, strict=True))
        await idempotency.keep(
            transaction,
            [
                (command.owned_key, Used(command.fingerprint, request_id))
                for command, request_id in new
                if command.idempotency_key is not None
            ],
        )
        created = iter(ids)
        return [next(created) if answer is None else answer for answer in answers]

    def _check(self, command: CreateCommand, order: Locked) -> Answer | None:
        """The refusal of a command, `ROW_LOCKED`, or None if the appointment-request may be created."""
        if not is_row(order):
            return errors.NotFound() if order is None else ROW_LOCKED
        return refuse_date(command.date_from, site_of(order), self._clock(), self._policy)


async def _create_plain(transaction: Transaction, commands: Sequence[CreateCommand], *, wait: bool) -> Sequence[Answer]:
    """Create appointment-requests without a key, whose dates are in range in every time zone."""
    wanted = [NewRequest(one.owner, one.order_id, one.date_from, one.client, one.x_request_id) for one in commands]
    return await creations.create(transaction, wanted, job=SEARCH, wait=wait)


def _answer_of(command: CreateCommand, is_locked: bool, used: Used | None) -> Answer | None:  # noqa: FBT001 - of a zip
    if not is_locked:
        return errors.IdempotencyKeyInUse()
    if used is None:
        return None
    return used.request_id if used.fingerprint == command.fingerprint else errors.IdempotencyKeyReused()
