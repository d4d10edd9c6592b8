"""The use cases of appointments: read one, and list those of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import Appointment, Owner
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import appointments
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.keys import OwnedId
from connect_appointments.usecases.order_pages import MAX_BATCH, Page, PageQuery, read_pages


class Appointments:
    """The appointments of owners."""

    def __init__(self, database: Database, *, max_waiting: int = 4096) -> None:
        """Create the use cases without starting any task.

        max_waiting: limit of queued calls of each kind; a call above the limit is shed with `Overloaded`.
        """
        self._reads = GroupCommit[OwnedId, Appointment | None](database, _read, reads=True, max_waiting=max_waiting)
        self._lists = GroupCommit[PageQuery, Page[Appointment]](
            database, _list, reads=True, max_batch=MAX_BATCH, max_waiting=max_waiting
        )

    async def read_appointment(self, scope: Owner, appointment_id: int) -> Appointment:
        """The appointment. Raises `NotFound`."""
        found = await self._reads.submit(OwnedId(appointment_id, scope.id))
        if found is None:
            raise NotFound
        return found

    async def list_appointments(
        self, scope: Owner, order_id: int, *, after: int | None, limit: int
    ) -> Page[Appointment]:
        """Appointments of an order, newest first.

        after: list only older appointments than this id; None for the first page.
        Raises `NotFound` unless the order, or an appointment-request of it, is the owner's.
        """
        return await self._lists.submit(PageQuery(order_id, scope.id, after, limit))


async def _read(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Appointment | None]:
    del wait
    return await appointments.get_owned(transaction, keys)


async def _list(transaction: Transaction, queries: Sequence[PageQuery], *, wait: bool) -> Sequence[Any]:
    del wait
    return await read_pages(transaction, queries, appointments.of_order)
