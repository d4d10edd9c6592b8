"""The use cases of bookings: begin a booking attempt, and read its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from connect_appointments.core import errors
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.decisions.booking import BookSubject, Decision, decide_bookings
from connect_appointments.core.model import Actor, Booking, Owner, Slot
from connect_appointments.core.requests import BOOK, OCCUPYING, State
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import Locked, RowLocked, is_row, lock
from connect_appointments.store.queries import bookings, offers
from connect_appointments.store.queries.bookings import NewAttempt
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import STATES
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.actors import owner_of
from connect_appointments.usecases.archives import Archive
from connect_appointments.usecases.keys import OwnedId

BOOK_JOB = "book"
"""The kind of the job that reserves the slot of a booking attempt."""

Answer = int | Exception | Literal[RowLocked.ROW_LOCKED]
Subject = BookSubject | Literal[RowLocked.ROW_LOCKED] | None
REFUSALS = {refusal.code: refusal for refusal in (errors.SlotUnavailable, errors.OrderTransferred)}


class BookCommand(NamedTuple):
    """The slot of an appointment-request to book, and the actor."""

    id: int
    owner: str
    slot_id: str
    client: str
    x_request_id: str

    @property
    def key(self) -> tuple[int, str, str]:
        """Repeated bookings of one slot are one command."""
        return self[:3]

    @property
    def row(self) -> int:
        """The appointment-request to lock."""
        return self.id


class Bookings:
    """The booking attempts of owners."""

    def __init__(
        self,
        database: Database,
        *,
        one_per_order: bool = True,
        assume_over_days: int = 7,
        max_waiting: int = 4096,
        on_new_job: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Create the use cases without starting any task.

        one_per_order: refuse to book an order that is occupied (D27).
        assume_over_days: an appointment counts as over this many days after its end (D45).
        max_waiting: limit of queued calls of each kind; a call above the limit is shed with `Overloaded`.
        on_new_job: called with the kind of a new job, after the commit that inserted the job.
        """
        self._one_per_order = one_per_order
        self._assume_over_days = assume_over_days
        self._books = GroupCommit[BookCommand, int](database, self._book, max_waiting=max_waiting)
        self._reads = GroupCommit[OwnedId, Booking | None](database, _read, reads=True, max_waiting=max_waiting)
        self._archive = Archive(database, max_waiting=max_waiting)
        self._on_new_job = on_new_job

    async def book_slot(self, actor: Actor, request_id: int, slot_id: str) -> int:
        """Begin to book a slot of an open appointment-request.

        Returns the number of the booking attempt; a repeated call for the same slot returns the same number.
        Raises `NotFound`, `SlotNotOffered`, `OfferExpired`, `OrderHasAppointment`, `OrderTransferred`, or the refusal
        of the request's state.
        """
        command = BookCommand(request_id, owner_of(actor), slot_id, actor.client, actor.x_request_id)
        booking_id = await self._begin(command)
        self._on_new_job(BOOK_JOB)
        return booking_id

    async def _begin(self, command: BookCommand) -> int:
        try:
            return await self._books.submit(command)
        except errors.NotFound:
            found = await self._archive.read_request(OwnedId(command.id, command.owner))
            if found is None:
                raise
        if found.state is State.OPEN:
            raise errors.SlotNotOffered if found.slots_expire_on is None else errors.OfferExpired
        if found.state is not State.BOOKED:
            BOOK.check(found.state)
        await self._archive.bring_back(command.id)
        return await self._books.submit(command)

    async def read_booking(self, scope: Owner, booking_id: int) -> Booking:
        """A booking attempt. Raises `NotFound`, or the attempt's refusal if it was refused."""
        found = await self._reads.submit(OwnedId(booking_id, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is BookingState.REFUSED:
            raise REFUSALS.get(found.refusal or "", errors.SlotUnavailable)
        return found

    async def _book(self, transaction: Transaction, commands: Sequence[BookCommand], *, wait: bool) -> list[Answer]:
        """Begin all permitted booking attempts; the results are their numbers."""
        subjects = await _lock_subjects(transaction, commands, self._assume_over_days, wait=wait)
        locked = [
            (command, subject)
            for command, subject in zip(commands, subjects, strict=True)
            if isinstance(subject, BookSubject)
        ]
        decisions = decide_bookings(
            [(subject, command.slot_id) for command, subject in locked], one_per_order=self._one_per_order
        )
        begun = [
            NewAttempt(command.id, subject.order_id, command.owner, command.client, command.x_request_id, decision)
            for (command, subject), decision in zip(locked, decisions, strict=True)
            if isinstance(decision, Slot)
        ]
        numbers = await bookings.begin(transaction, begun, job=BOOK_JOB)
        decided = iter(decisions)
        return [_answer(subject, decided, numbers) for subject in subjects]


def _answer(subject: Subject, decided: Iterator[Decision], numbers: Mapping[int, int]) -> Answer:
    if not isinstance(subject, BookSubject):
        return errors.NotFound() if subject is None else subject
    decision = next(decided)
    return numbers[subject.request_id] if isinstance(decision, Slot) else decision


async def _lock_subjects(
    transaction: Transaction, commands: Sequence[BookCommand], assume_over_days: int, *, wait: bool
) -> list[Subject]:
    """Lock orders and appointment-requests; then read the offers or current booking attempts of the requests."""
    keys = [(command.id, command.owner) for command in commands]
    locked = await lock(transaction, request_locks.LOCK_OWNED_WITH_ORDERS, keys, wait=wait)
    rows = [row for row in locked if is_row(row)]
    offered = await offers.read(transaction, [row.id for row in rows if row.state == State.OPEN.value])
    occupied = {row.order_id for row in rows if row.occupancy}
    over = await bookings.assumed_over(transaction, occupied, days=assume_over_days)
    slot_ids = await bookings.slot_ids(transaction, [row.booking_id for row in rows if row.state in OCCUPYING])

    def subject(row: Locked) -> BookSubject:
        offer = offered.get(row.id, offers.NO_OFFER)
        return BookSubject(
            request_id=row.id,
            order_id=row.order_id,
            owner=row.owner,
            order_owner=row.order_owner,
            occupancy=row.occupancy - over.get(row.order_id, 0),
            state=STATES[row.state],
            booking_id=row.booking_id,
            slot_id=slot_ids.get(row.booking_id),
            offered=offer.slots,
            is_expired=offer.is_expired,
        )

    return [subject(row) if is_row(row) else row for row in locked]


async def _read(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Booking | None]:
    del wait
    return await bookings.get_owned(transaction, keys)
