"""The use cases of cancelling appointments: begin a cancellation, and read its outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from connect_appointments.core import errors
from connect_appointments.core.appointments import CANCEL
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.decisions.appointment_cancellation import (
    CancelSubject,
    Decision,
    NewCancellation,
    decide_cancellations,
)
from connect_appointments.core.events import event_detail
from connect_appointments.core.model import Actor, Cancellation, Owner
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import is_row, lock
from connect_appointments.store.queries import appointments, jobs
from connect_appointments.store.queries.appointments import AppointmentChange
from connect_appointments.store.queries.changes import appointment_cancellations as cancellations
from connect_appointments.store.queries.changes.appointment_cancellations import CancellationRow
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.queries.locks.appointment_locks import LOCK_OWNED_APPOINTMENTS
from connect_appointments.store.statements import Row
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.actors import owner_of
from connect_appointments.usecases.archives import Archive
from connect_appointments.usecases.keys import OwnedId

CANCEL_JOB = "cancel-appointment"
"""The kind of the job that cancels the visit of an appointment in the workforce system."""

REFUSALS = {
    refusal.code: refusal
    for refusal in (
        errors.PastPointOfNoReturn,
        errors.CancellationRefused,
        errors.AppointmentInProgress,
        errors.AppointmentEnded,
    )
}


class CancelAppointmentCommand(NamedTuple):
    """The appointment to cancel, and the actor. `reason` is a text for the workforce system; None for no reason."""

    id: int
    owner: str
    cancelled_by: CancelledBy
    reason: str | None
    client: str
    x_request_id: str

    @property
    def key(self) -> tuple[int, str, CancelledBy]:
        """Repeated cancels of one appointment are one command."""
        return self[:3]

    @property
    def row(self) -> int:
        """The appointment to lock."""
        return self.id


class AppointmentCancellations:
    """The cancellations of appointments of owners."""

    def __init__(
        self,
        database: Database,
        *,
        max_waiting: int = 4096,
        on_new_job: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Create the use cases without starting any task.

        max_waiting: limit of queued calls of each kind; a call above the limit is shed with `Overloaded`.
        on_new_job: called with the kind of a new job, after the commit that inserted the job.
        """
        self._cancels = GroupCommit[CancelAppointmentCommand, int](database, cancel_batch, max_waiting=max_waiting)
        self._reads = GroupCommit[OwnedId, Cancellation | None](database, _read, reads=True, max_waiting=max_waiting)
        self._archive = Archive(database, max_waiting=max_waiting)
        self._on_new_job = on_new_job

    async def cancel_appointment(
        self,
        actor: Actor,
        appointment_id: int,
        *,
        cancelled_by: CancelledBy = CancelledBy.OWNER,
        reason: str | None = None,
    ) -> int:
        """Begin to cancel an appointment; a job asks the workforce system.

        cancelled_by: `network` has no point of no return; the scope of the actor is the owner for both.
        reason: None for no reason.
        Returns the number of the cancellation; a repeated call while it is undecided or cancelled returns the same
        number. Raises `NotFound`, `AppointmentChanging`.
        """
        command = CancelAppointmentCommand(
            appointment_id, owner_of(actor), cancelled_by, reason, actor.client, actor.x_request_id
        )
        try:
            number = await self._cancels.submit(command)
        except errors.NotFound:
            if not await self._archive.bring_back_appointment(OwnedId(appointment_id, command.owner)):
                raise
            number = await self._cancels.submit(command)
        self._on_new_job(CANCEL_JOB)
        return number

    async def read_cancellation(self, scope: Owner, cancellation_id: int) -> Cancellation:
        """A cancellation. Raises `NotFound`, or the refusal of a refused cancellation."""
        found = await self._reads.submit(OwnedId(cancellation_id, scope.id))
        if found is None:
            raise errors.NotFound
        if found.state is CancellationState.REFUSED:
            raise REFUSALS.get(found.refusal or "", errors.CancellationRefused)
        return found


async def cancel_batch(
    transaction: Transaction, commands: Sequence[CancelAppointmentCommand], *, wait: bool
) -> list[Any]:
    """Begin cancellations; the results are their numbers."""
    keys = [(command.id, command.owner) for command in commands]
    locked = await lock(transaction, LOCK_OWNED_APPOINTMENTS, keys, wait=wait)
    asked = [(command, row) for command, row in zip(commands, locked, strict=True) if is_row(row)]
    decisions = await _decide(transaction, asked)
    first = {
        decision: (command, row)
        for (command, row), decision in reversed(list(zip(asked, decisions, strict=True)))
        if isinstance(decision, NewCancellation)
    }
    numbers = await cancellations.insert(transaction, [_row(new, *about) for new, about in first.items()])
    deciding = [
        (numbers[new.appointment_id, new.cancelled_by], *about)
        for new, about in first.items()
        if new.state is CancellationState.DECIDING
    ]
    await appointments.transition(transaction, CANCEL, [_change(*one) for one in deciding])
    await jobs.add(transaction, [_job(*one) for one in deciding])
    answers = iter([_answer(decision, numbers) for decision in decisions])
    return [next(answers) if is_row(row) else errors.NotFound() if row is None else row for row in locked]


async def _decide(transaction: Transaction, asked: Sequence[tuple[CancelAppointmentCommand, Row]]) -> list[Decision]:
    # Read after the appointments are locked: a cancellation changes only with the lock on its appointment.
    known = await cancellations.facts(transaction, list({row.id for _, row in asked}))
    return decide_cancellations(
        (
            CancelSubject(
                row.id,
                appointments.STATES[row.state],
                known[row.id].in_time,
                row.cancellation_id,
                known[row.id].cancellation_state,
            ),
            command.cancelled_by,
        )
        for command, row in asked
    )


def _row(new: NewCancellation, command: CancelAppointmentCommand, row: Row) -> CancellationRow:
    is_cancelled = new.state is CancellationState.CANCELLED
    return CancellationRow(
        appointment_id=row.id,
        owner=row.owner,
        state=new.state,
        refusal=new.refusal,
        cancelled_by=new.cancelled_by,
        reason=row.reason if is_cancelled else command.reason,
        client=command.client,
        ended_on=row.cancelled_on if is_cancelled else None,
    )


def _change(number: int, command: CancelAppointmentCommand, row: Row) -> AppointmentChange:
    return AppointmentChange(
        id=row.id,
        request_id=row.request_id,
        order_id=row.order_id,
        owner=row.owner,
        client=command.client,
        x_request_id=command.x_request_id,
        cancellation_id=number,
        reschedule_id=row.reschedule_id,
        detail=event_detail(cancellationId=number, cancelledBy=command.cancelled_by, reason=command.reason),
    )


def _job(number: int, command: CancelAppointmentCommand, row: Row) -> NewJob:
    return NewJob(CANCEL_JOB, row.request_id, command.x_request_id, row.booking_id, cancellation_id=number)


def _answer(decision: Decision, numbers: dict[tuple[int, CancelledBy], int]) -> Any:
    if isinstance(decision, NewCancellation):
        return numbers[decision.appointment_id, decision.cancelled_by]
    return decision


async def _read(transaction: Transaction, keys: Sequence[OwnedId], *, wait: bool) -> Sequence[Cancellation | None]:
    del wait
    return await cancellations.get_owned(transaction, keys)
