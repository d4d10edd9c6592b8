"""The use cases: what an owner can ask for, one public method each, one transaction each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core import errors
from connect_appointments.core.lifecycle import BOOK, CANCEL, OCCUPYING, State
from connect_appointments.core.model import Actor, AppointmentRequest, Booking, BookingState, Owner
from connect_appointments.store import bookings, jobs, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.store.jobs import JobKind, Task
from connect_appointments.store.lanes import Cancel, Key
from connect_appointments.store.requests import Held
from connect_appointments.usecases.creation import Clock, Creations, Wish, owner_of
from connect_appointments.usecases.turns import Room, Turns
from connect_appointments.workforce.windows import Rules


@dataclass(frozen=True)
class ServiceOptions:
    """What an operator may choose.

    one_appointment_per_order: while an appointment-request is being booked or is booked, no other of its order is.
    max_waiting: calls of each kind that may wait for the database; one more is refused.
    """

    one_appointment_per_order: bool = True
    max_waiting: int = 4096


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
        self._creations = Creations(database, rules, clock, max_waiting=options.max_waiting)
        self._options = options
        self._on_new_job = on_new_job
        self._turns = Turns()
        self._bookings = Room(options.max_waiting)

    async def create_request(self, actor: Actor, order_id: int, date_from: date, key: str | None) -> int:
        """Create an appointment-request for an order; its slots will be looked up.

        key: the Idempotency-Key, None when the caller sent none.
        Returns its id. Raises `NotFound`, `InvalidFields`, `IdempotencyKeyReused`, `IdempotencyKeyInUse`.
        """
        wish = Wish(actor, owner_of(actor), order_id, date_from)
        request_id = await (self._creations.create(wish) if key is None else self._creations.create_once(wish, key))
        self._on_new_job()
        return request_id

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
        CANCEL.judge(await self._hot_path.cancel(Cancel(request_id, owner_of(actor), actor.client, actor.trace)))

    async def book_slot(self, actor: Actor, request_id: int, slot_id: str) -> int:
        """Begin to book a slot of an open appointment-request.

        Returns the number of the booking attempt; the same one when asked again for the same slot.
        Raises `NotFound`, `SlotNotOffered`, `OrderHasAppointment`, or what the state refuses.
        """

        async def work(connection: AsyncConnection, *, wait: bool) -> int:
            return await self._book(connection, actor, request_id, slot_id, wait=wait)

        with self._bookings.place(actor.scope):
            async with self._turns.each((actor.scope, request_id)):
                booking_id = await self._database.write_patiently(work)
        self._on_new_job()
        return booking_id

    async def _book(
        self, connection: AsyncConnection, actor: Actor, request_id: int, slot_id: str, *, wait: bool
    ) -> int:
        if await requests.order_id_of(connection, actor.scope, request_id) is None:
            raise errors.NotFound
        held = await requests.hold(connection, actor.scope, request_id, wait=wait)
        if held.state in OCCUPYING and held.booking_id is not None:
            under_way = await bookings.slot_id_of(connection, held.booking_id)
            if under_way == slot_id:
                return held.booking_id
        BOOK.judge(held.state)
        if self._options.one_appointment_per_order:
            # The appointment-request first, then its order, or one that is held would hold up the order's others.
            await orders.hold(connection, held.order_id, wait=wait)
            if await requests.order_is_occupied(connection, held.order_id):
                raise errors.OrderHasAppointment
        return await self._begin_booking(connection, actor, held, slot_id)

    async def _begin_booking(self, connection: AsyncConnection, actor: Actor, held: Held, slot_id: str) -> int:
        slot = next((slot for slot in await requests.offered(connection, held.id) if slot.id == slot_id), None)
        if slot is None:
            raise errors.SlotNotOffered
        booking_id = await bookings.insert(connection, owner_of(actor), held.id, slot)
        await requests.move(connection, actor, held.id, BOOK, entering_booking=booking_id)
        await jobs.add(connection, JobKind.BOOK, [Task(held.id, actor.trace, booking_id)])
        return booking_id

    async def read_booking(self, scope: Owner, booking_id: int) -> Booking:
        """A booking attempt. Raises `NotFound`, or `SlotUnavailable` when it was refused."""
        found = await self._hot_path.read_booking(Key(booking_id, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is BookingState.REFUSED:
            raise errors.SlotUnavailable
        return found
