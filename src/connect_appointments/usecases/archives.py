"""The archive: ended families move to it, and a family that must change moves back (D50)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from connect_appointments.core.decisions.archiving import EndedFamilies, ended_families
from connect_appointments.core.model import Appointment, AppointmentRequest
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import is_row, lock
from connect_appointments.store.queries import appointments, idempotency, orders, requests
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.retention import families, moves
from connect_appointments.store.retention.contacts import LOCK_ANY_APPOINTMENT
from connect_appointments.store.retention.endings import ages_of
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.keys import OwnedId

ROWS_A_BATCH = 500


class Archived(NamedTuple):
    """The result of a batch.

    requests: the number of appointment-requests that moved to the archive.
    cursor: the id after which the next batch begins; None after the last batch of a pass.
    """

    requests: int
    cursor: int | None


async def archive_families(
    database: Database, after: int, *, keep_days: int, assume_over_days: int, limit: int = ROWS_A_BATCH
) -> Archived:
    """Move the families of one batch of appointment-requests that ended more than `keep_days` ago to the archive.

    after: the cursor of the batch before; 0 begins a new pass.
    """
    age = ages_of(days=keep_days, assume_over_days=assume_over_days)

    async def work(transaction: Transaction) -> Archived:
        found = await families.requests_after(transaction, after, age["ended"], limit=limit)
        old = [row.id for row in found if row.is_old]
        ended = await _lock_ended(transaction, old, age)
        await idempotency.forget_seconds_ago(transaction, -age["ended"])
        await moves.to_archive(transaction, ended.requests, ended.appointments)
        # Ids are given in the order of time: nothing behind a younger row is old.
        return Archived(len(ended.requests), found[-1].id if len(old) == limit else None)

    return await database.write(work, batch=True)


async def _lock_ended(transaction: Transaction, ids: Sequence[int], age: dict[str, float]) -> EndedFamilies:
    """Lock the families of appointment-requests after their orders; take the occupancy of the ended ones off."""
    first = await _lock_requests(transaction, ids)
    links = await families.links(transaction, first)
    locked = first | await _lock_requests(transaction, links.requests - first)
    standing = [(number,) for number in sorted(links.appointments)]
    rows = await lock(transaction, LOCK_ANY_APPOINTMENT, standing, wait=False)
    found = await families.read_requests(transaction, locked, age)
    standing_rows = await families.read_appointments(transaction, {row.id for row in rows if is_row(row)}, age)
    ended = ended_families(
        dict.fromkeys(links.requests, False) | {row.id: bool(row.has_ended) for row in found},
        dict.fromkeys(links.appointments, False) | {row.id: bool(row.has_ended) for row in standing_rows},
        links.pairs,
    )
    freed = Counter(row.order_id for row in standing_rows if row.is_standing and row.id in ended.appointments)
    await orders.occupy(transaction, {order_id: -count for order_id, count in freed.items()})
    return ended


async def _lock_requests(transaction: Transaction, ids: Collection[int]) -> set[int]:
    rows = [(number,) for number in sorted(ids)]
    locked = await lock(transaction, request_locks.LOCK_ANY_WITH_ORDERS, rows, wait=False)
    return {row.id for row in locked if is_row(row)}


class Archive:
    """The archived appointment-requests of owners."""

    def __init__(self, database: Database, *, max_waiting: int = 4096) -> None:
        """Create the use case without starting any task."""
        self._database = database
        self._requests = GroupCommit[OwnedId, AppointmentRequest | None](
            database, _read_requests, reads=True, max_waiting=max_waiting
        )
        self._appointments = GroupCommit[OwnedId, Appointment | None](
            database, _read_appointments, reads=True, max_waiting=max_waiting
        )

    async def read_request(self, key: OwnedId) -> AppointmentRequest | None:
        """An appointment-request that was missing in its table; None if the owner has no such request."""
        return await self._requests.submit(key)

    async def bring_back_appointment(self, key: OwnedId) -> bool:
        """Move the family of an archived appointment back; return False if the owner has no such appointment."""
        found = await self._appointments.submit(key)
        if found is not None:
            await self.bring_back(found.request_id)
        return found is not None

    async def bring_back(self, request_id: int) -> None:
        """Move the family of an archived appointment-request back, so that it can change."""

        async def work(transaction: Transaction) -> None:
            order_id = await families.archived_order(transaction, request_id)
            if order_id is None:
                return
            await lock(transaction, orders.LOCK_ANY, [(order_id,)], wait=True)
            # Read after the order is locked: another call may have moved the family.
            if await families.archived_order(transaction, request_id) is None:
                return
            links = await families.links(transaction, [request_id], archived=True)
            standing = Counter(await families.archived_standing(transaction, links.appointments))
            await moves.back(transaction, links.requests, links.appointments)
            await orders.occupy(transaction, standing)

        await self._database.write(work)


async def _read_requests(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Any]:
    del wait
    return await requests.get_owned(transaction, keys)


async def _read_appointments(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Any]:
    del wait
    return await appointments.get_owned(transaction, keys)
