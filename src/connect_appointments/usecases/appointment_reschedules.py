"""The use cases of reschedules: begin to move an appointment to another slot, and read the outcome. Source: D46."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from connect_appointments.core import errors
from connect_appointments.core.decisions.reschedule import (
    Decision,
    RefusedAtOnce,
    RescheduleSubject,
    decide_reschedules,
)
from connect_appointments.core.model import Actor, Owner, Reschedule, Slot
from connect_appointments.core.requests import State
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import Locked, RowLocked, is_row, lock
from connect_appointments.store.queries import appointments, offers, requests
from connect_appointments.store.queries.changes import reschedules
from connect_appointments.store.queries.changes.reschedules import NewReschedule
from connect_appointments.store.queries.locks.appointment_locks import LOCK_PAIRS, OF_TWO_ORDERS
from connect_appointments.store.queries.slots import decode_slot, encode_move
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.actors import owner_of
from connect_appointments.usecases.archives import Archive
from connect_appointments.usecases.keys import OwnedId

RESCHEDULE_JOB = "reschedule-appointment"
"""The kind of the job that moves the reservation of an appointment."""

Answer = int | Exception | Literal[RowLocked.ROW_LOCKED]
REFUSALS = {
    refusal.code: refusal
    for refusal in (
        errors.SlotUnavailable,
        errors.PastPointOfNoReturn,
        errors.AppointmentInProgress,
        errors.AppointmentEnded,
    )
}


class RescheduleCommand(NamedTuple):
    """The appointment to move, the appointment-request and the slot to move it to, and the actor."""

    appointment_id: int
    request_id: int
    owner: str
    slot_id: str
    client: str
    x_request_id: str

    @property
    def key(self) -> tuple[Any, ...]:
        """Repeats of one change are one command."""
        return self[:4]

    @property
    def row(self) -> int:
        """The appointment to lock."""
        return self.appointment_id


class _Asked(NamedTuple):
    """A command with its locked rows."""

    command: RescheduleCommand
    row: Locked
    subject: RescheduleSubject

    def new(self, slot: Slot, refusal: str | None = None) -> NewReschedule:
        """The reschedule of the command."""
        command, row = self.command, self.row
        return NewReschedule(
            command.appointment_id,
            command.request_id,
            row.appointment_request_id,
            *(command.owner, command.client, command.x_request_id),
            slot,
            encode_move(slot, decode_slot(row.appointment_slot)),
            refusal,
        )


class AppointmentReschedules:
    """The reschedules of owners."""

    def __init__(
        self, database: Database, *, max_waiting: int = 4096, on_new_job: Callable[[str], None] = lambda _: None
    ) -> None:
        """Create the use cases without starting any task.

        max_waiting: limit of queued calls of each kind; a call above the limit is shed with `Overloaded`.
        on_new_job: called with the kind of a new job, after the commit that inserted the job.
        """
        self._reschedules = GroupCommit[RescheduleCommand, int](database, reschedule_batch, max_waiting=max_waiting)
        self._reads = GroupCommit[OwnedId, Reschedule | None](database, _read, reads=True, max_waiting=max_waiting)
        self._archive = Archive(database, max_waiting=max_waiting)
        self._on_new_job = on_new_job

    async def reschedule_appointment(self, actor: Actor, appointment_id: int, request_id: int, slot_id: str) -> int:
        """Begin to move an appointment to a slot of an open appointment-request of the same order.

        Returns the number of the reschedule; a repeat of the same change returns the same number, and a change that is
        too late gets a number whose outcome is its refusal. Raises `NotFound`, `AppointmentRequestOtherOrder`,
        `AppointmentChanging`, `OfferExpired`, `SlotNotOffered`, `OrderTransferred`, or the refusal of the request's
        state.
        """
        command = RescheduleCommand(
            appointment_id, request_id, owner_of(actor), slot_id, actor.client, actor.x_request_id
        )
        try:
            number = await self._reschedules.submit(command)
        except errors.NotFound:
            if not await self._bring_back(command):
                raise
            number = await self._reschedules.submit(command)
        self._on_new_job(RESCHEDULE_JOB)
        return number

    async def _bring_back(self, command: RescheduleCommand) -> bool:
        """Move the archived families of a command back; return False if the owner lacks one of the two."""
        request = await self._archive.read_request(OwnedId(command.request_id, command.owner))
        has_both = await self._archive.bring_back_appointment(OwnedId(command.appointment_id, command.owner))
        if request is not None and has_both:
            await self._archive.bring_back(request.id)
        return request is not None and has_both

    async def read_reschedule(self, scope: Owner, number: int) -> Reschedule:
        """A reschedule. Raises `NotFound`, or the refusal of a refused reschedule."""
        found = await self._reads.submit(OwnedId(number, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is RescheduleState.REFUSED:
            raise REFUSALS[found.refusal or ""]
        return found


async def reschedule_batch(
    transaction: Transaction, commands: Sequence[RescheduleCommand], *, wait: bool
) -> list[Answer]:
    """Begin all permitted reschedules; the results are their numbers."""
    pairs = [command[:3] for command in commands]
    locked = await lock(transaction, LOCK_PAIRS, pairs, wait=wait)
    asked = await _with_subjects(transaction, [pair for pair in zip(commands, locked, strict=True) if is_row(pair[1])])
    decisions = decide_reschedules([(one.subject, one.command.slot_id) for one in asked])
    decided = list(zip(asked, decisions, strict=True))
    numbers = await _write(transaction, decided)
    missing = [pair for pair, row in zip(pairs, locked, strict=True) if row is None]
    of_two_orders = {missing[row.place - 1] for row in await transaction.fetch(OF_TWO_ORDERS, missing)}
    answers = (_answer(one, decision, numbers) for one, decision in decided)
    return [_unlocked(pair, row, answers, of_two_orders) for pair, row in zip(pairs, locked, strict=True)]


def _unlocked(
    pair: tuple[int, int, str], row: Locked, answers: Iterator[Answer], of_two_orders: set[tuple[int, int, str]]
) -> Answer:
    if is_row(row):
        return next(answers)
    if row is None:
        return errors.AppointmentRequestOtherOrder() if pair in of_two_orders else errors.NotFound()
    return RowLocked.ROW_LOCKED


async def _with_subjects(transaction: Transaction, pairs: Sequence[tuple[RescheduleCommand, Locked]]) -> list[_Asked]:
    """Read what the decision needs beyond the locked rows: the offers, and the reschedules that took the requests."""
    rows = [row for _, row in pairs]
    is_open = State.OPEN.value
    offered = await offers.get(transaction, [row.request_id for row in rows if row.request_state == is_open])
    taken_by = [row.request_reschedule_id for row in rows if row.request_reschedule_id is not None]
    known = await reschedules.known(transaction, taken_by)
    return [
        _Asked(
            command,
            row,
            RescheduleSubject(
                appointment_id=row.appointment_id,
                appointment_state=appointments.STATES[row.appointment_state],
                cancellable_until=row.appointment_cancellable_until,
                request_id=row.request_id,
                request_state=requests.STATES[row.request_state],
                request_owner=row.request_owner,
                order_owner=row.order_owner,
                offer_expires_on=row.request_offer_expires_on,
                offered=offered.get(row.request_id, ()),
                taken_by=known.get(row.request_reschedule_id),
                now=row.now,
            ),
        )
        for command, row in pairs
    ]


Numbers = Mapping[tuple[int, int, str], int]
"""The numbers of new reschedules, by appointment, appointment-request and slot id."""


async def _write(transaction: Transaction, decided: Sequence[tuple[_Asked, Decision]]) -> Numbers:
    """Insert the new reschedules, of which some are refused already."""
    begun = [one.new(decision) for one, decision in decided if isinstance(decision, Slot)]
    refused = [
        one.new(decision.slot, decision.refusal.code)
        for one, decision in decided
        if isinstance(decision, RefusedAtOnce)
    ]
    numbers = await reschedules.begin(transaction, begun, job=RESCHEDULE_JOB)
    new = {(one.appointment_id, one.request_id, one.slot.id): numbers[one.request_id] for one in begun}
    return new | await reschedules.insert_refused(transaction, refused)


def _answer(asked: _Asked, decision: Decision, numbers: Numbers) -> Answer:
    if isinstance(decision, (Slot, RefusedAtOnce)):
        slot = decision if isinstance(decision, Slot) else decision.slot
        return numbers[asked.command.appointment_id, asked.command.request_id, slot.id]
    return decision


async def _read(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Reschedule | None]:
    del wait
    return await reschedules.get_owned(transaction, keys)
