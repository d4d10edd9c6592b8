"""The use cases: what an owner can ask for, one public method each, one transaction each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core import errors
from connect_appointments.core.lifecycle import BOOK, CANCEL, OCCUPYING, State
from connect_appointments.core.model import Actor, AppointmentRequest, Booking, BookingState, Order, Owner, Scope
from connect_appointments.store import bookings, idempotency, jobs, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.store.idempotency import Used
from connect_appointments.store.jobs import JobKind
from connect_appointments.store.lanes import Cancel, Key
from connect_appointments.store.requests import Held
from connect_appointments.turns import Turns
from connect_appointments.workforce.windows import Rules, earliest_date_from, latest_date_from

Clock = Callable[[], datetime]
"""Answers the time, in UTC."""

KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class ServiceOptions:
    """What an operator may choose.

    one_appointment_per_order: while an appointment-request is being booked or is booked, no other of its order is.
    """

    one_appointment_per_order: bool = True


class Service:
    """Appointment-requests and bookings, as their owners may use them."""

    def __init__(
        self,
        database: Database,
        hot_path: HotPath,
        rules: Rules,
        clock: Clock,
        options: ServiceOptions,
        on_new_job: Callable[[], None],
    ) -> None:
        """`on_new_job` is called after a commit that left work for the worker."""
        self._database = database
        self._hot_path = hot_path
        self._rules = rules
        self._clock = clock
        self._options = options
        self._on_new_job = on_new_job
        self._turns = Turns()

    async def create_request(self, actor: Actor, order_id: int, date_from: date, key: str | None) -> int:
        """Create an appointment-request for an order; its slots will be looked up.

        key: the Idempotency-Key, None when the caller sent none.
        Returns its id. Raises `NotFound`, `InvalidFields`, `IdempotencyKeyReused`, `IdempotencyKeyInUse`.
        """
        if key is None:
            request_id = await self._database.write(
                lambda connection: self._create(connection, actor, order_id, date_from)
            )
        else:
            request_id = await self._create_once(actor, order_id, date_from, key)
        self._on_new_job()
        return request_id

    async def _create_once(self, actor: Actor, order_id: int, date_from: date, key: str) -> int:
        fingerprint = hashlib.sha256(f"{order_id} {date_from}".encode()).hexdigest()
        owner = _owner(actor)

        async def work(connection: AsyncConnection) -> int:
            if not await idempotency.take(connection, owner, key):
                raise errors.IdempotencyKeyInUse
            used = await idempotency.used(connection, owner, key, self._clock() - KEY_LIFETIME)
            if used is None:
                request_id = await self._create(connection, actor, order_id, date_from)
                await idempotency.keep(connection, owner, key, Used(fingerprint, request_id))
                return request_id
            if used.fingerprint != fingerprint:
                raise errors.IdempotencyKeyReused
            return used.request_id

        async with self._turns.only_one((owner, key)):
            return await self._database.write(work)

    async def _create(self, connection: AsyncConnection, actor: Actor, order_id: int, date_from: date) -> int:
        order = await orders.get(connection, actor.scope, order_id)
        if order is None:
            raise errors.NotFound
        self._check_date(order, date_from)
        request_id = await requests.insert(connection, actor, order, date_from)
        await jobs.add(connection, JobKind.SEARCH, request_id, actor.trace)
        return request_id

    def _check_date(self, order: Order, date_from: date) -> None:
        now = self._clock()
        first, last = earliest_date_from(now, order.site), latest_date_from(now, order.site, self._rules)
        if not first <= date_from <= last:
            detail = f"must be from {first} to {last} where the order's site is"
            raise errors.InvalidFields(errors.FieldError("#/dateFrom", "out-of-range", detail))

    async def read_request(self, scope: Owner, request_id: int) -> AppointmentRequest:
        """The appointment-request. Raises `NotFound`, or `SearchFailed` when its search failed for good."""
        found = await self._hot_path.read(Key(request_id, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is State.FAILED:
            raise errors.SearchFailed
        return found

    async def cancel_request(self, actor: Actor, request_id: int) -> None:
        """Cancel an appointment-request: it can never be booked. Cancelling again is a success.

        Raises `NotFound`, `AppointmentRequestBooking`, `AppointmentRequestBooked`.
        """
        CANCEL.judge(await self._hot_path.cancel(Cancel(request_id, _owner(actor), actor.client, actor.trace)))

    async def book_slot(self, actor: Actor, request_id: int, slot_id: str) -> int:
        """Begin to book a slot of an open appointment-request.

        Returns the number of the booking attempt; the same one when asked again for the same slot.
        Raises `NotFound`, `SlotNotOffered`, `OrderHasAppointment`, or what the state refuses.
        """
        async with self._turns.each((actor.scope, request_id)):
            booking_id = await self._database.write(
                lambda connection: self._book(connection, actor, request_id, slot_id)
            )
        self._on_new_job()
        return booking_id

    async def _book(self, connection: AsyncConnection, actor: Actor, request_id: int, slot_id: str) -> int:
        order_id = await requests.order_id_of(connection, actor.scope, request_id)
        if order_id is None:
            raise errors.NotFound
        # The order first, then its appointment-request: everybody who holds both takes them this way round.
        if self._options.one_appointment_per_order:
            await orders.hold(connection, order_id)
        held = await requests.hold(connection, actor.scope, request_id)
        if held.state in OCCUPYING and held.booking_id is not None:
            under_way = await bookings.slot_id_of(connection, held.booking_id)
            if under_way == slot_id:
                return held.booking_id
        BOOK.judge(held.state)
        return await self._begin_booking(connection, actor, held, slot_id)

    async def _begin_booking(self, connection: AsyncConnection, actor: Actor, held: Held, slot_id: str) -> int:
        slot = next((slot for slot in await requests.offered(connection, held.id) if slot.id == slot_id), None)
        if slot is None:
            raise errors.SlotNotOffered
        alone = self._options.one_appointment_per_order
        if alone and await requests.order_is_occupied(connection, held.order_id):
            raise errors.OrderHasAppointment
        booking_id = await bookings.insert(connection, _owner(actor), held.id, slot)
        await requests.move(connection, actor, held.id, BOOK, entering_booking=booking_id)
        await jobs.add(connection, JobKind.BOOK, held.id, actor.trace, booking_id=booking_id)
        return booking_id

    async def read_booking(self, scope: Scope, booking_id: int) -> Booking:
        """A booking attempt. Raises `NotFound`, or `SlotUnavailable` when it was refused."""
        found = await self._database.read(lambda connection: bookings.get(connection, scope, booking_id))
        if found is None:
            raise errors.NotFound
        if found.state is BookingState.REFUSED:
            raise errors.SlotUnavailable
        return found


def _owner(actor: Actor) -> str:
    if isinstance(actor.scope, Owner):
        return actor.scope.id
    raise TypeError("an operator acts for one owner at a time: give the owner as the scope")
