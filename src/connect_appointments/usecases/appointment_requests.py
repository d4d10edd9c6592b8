"""The use cases of appointment-requests: create, read and cancel."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from connect_appointments.core import errors
from connect_appointments.core.model import Actor, AppointmentRequest, Owner
from connect_appointments.core.requests import CANCEL, State
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import RowLocked
from connect_appointments.store.queries import cancellations, requests
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.actors import owner_of
from connect_appointments.usecases.archives import Archive
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.creations import SEARCH, CreateCommand, Creations
from connect_appointments.usecases.keys import OwnedId
from connect_appointments.usecases.order_pages import MAX_BATCH, Page, PageQuery, read_pages

StateBefore = State | Literal[RowLocked.ROW_LOCKED] | None


class CancelCommand(NamedTuple):
    """The appointment-request to cancel, and the actor."""

    id: int
    owner: str
    client: str
    x_request_id: str

    @property
    def key(self) -> tuple[int, str]:
        """Repeated cancels of one appointment-request are one command."""
        return self[:2]


class AppointmentRequests:
    """The appointment-requests of owners."""

    def __init__(
        self,
        database: Database,
        policy: BookingPolicy,
        clock: Clock,
        *,
        max_waiting: int = 4096,
        on_new_job: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Create the use cases without starting any task.

        policy: the dates that can be requested.
        max_waiting: limit of queued calls of each kind; a call above the limit is shed with `Overloaded`.
        on_new_job: called with the kind of a new job, after the commit that inserted the job.
        """
        self._creations = Creations(database, policy, clock, max_waiting=max_waiting)
        self._cancels = GroupCommit[CancelCommand, State | None](
            database, cancel_batch, one_statement=True, max_waiting=max_waiting
        )
        self._reads = GroupCommit[OwnedId, AppointmentRequest | None](
            database, _read, reads=True, max_waiting=max_waiting
        )
        self._lists = GroupCommit[PageQuery, Page[AppointmentRequest]](
            database, _list, reads=True, max_batch=MAX_BATCH, max_waiting=max_waiting
        )
        self._archive = Archive(database, max_waiting=max_waiting)
        self._on_new_job = on_new_job
        self._numbers = itertools.count()

    async def create_request(self, actor: Actor, order_id: int, date_from: date, key: str | None) -> int:
        """Create an appointment-request for an order; a job searches its slots.

        key: the Idempotency-Key, None if the request has none.
        Returns the id of the appointment-request. Raises `NotFound`, `InvalidFields`, `IdempotencyKeyReused`,
        `IdempotencyKeyInUse`.
        """
        request_id = await self._creations.create(
            CreateCommand(
                owner_of(actor), order_id, date_from, actor.client, actor.x_request_id, key, next(self._numbers)
            )
        )
        self._on_new_job(SEARCH)
        return request_id

    async def read_request(self, scope: Owner, request_id: int) -> AppointmentRequest:
        """The appointment-request. Raises `NotFound`, or `SearchFailed` if its search failed for good."""
        found = await self._reads.submit(OwnedId(request_id, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is State.FAILED:
            raise errors.SearchFailed
        return found

    async def list_requests(
        self, scope: Owner, order_id: int, *, after: int | None, limit: int
    ) -> Page[AppointmentRequest]:
        """Appointment-requests of an order, in every status, newest first.

        after: list only older appointment-requests than this id; None for the first page.
        Raises `NotFound` unless the order, or an appointment-request of it, is the owner's.
        """
        return await self._lists.submit(PageQuery(order_id, scope.id, after, limit))

    async def cancel_request(self, actor: Actor, request_id: int) -> None:
        """Cancel an appointment-request, so that it can never be booked. A repeated cancel succeeds.

        Raises `NotFound`, `AppointmentRequestBooking`, `AppointmentRequestBooked`.
        """
        command = CancelCommand(request_id, owner_of(actor), actor.client, actor.x_request_id)
        before = await self._cancels.submit(command)
        if before is None:
            found = await self._archive.read_request(OwnedId(request_id, command.owner))
            before = None if found is None else found.state
            if before in CANCEL.sources:
                await self._archive.bring_back(request_id)
                before = await self._cancels.submit(command)
        CANCEL.check(before)


async def _read(
    transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool
) -> Sequence[AppointmentRequest | None]:
    del wait
    return await requests.get_owned(transaction, keys)


async def _list(transaction: Transaction, queries: Sequence[PageQuery], *, wait: bool) -> Sequence[Any]:
    del wait
    return await read_pages(transaction, queries, requests.of_order)


async def cancel_batch(
    transaction: Transaction, commands: Sequence[CancelCommand], *, wait: bool
) -> Sequence[StateBefore]:
    """Cancel all cancellable requests; return the state before each cancel, None if the owner has no such request."""
    return await cancellations.cancel(transaction, commands, wait=wait)
