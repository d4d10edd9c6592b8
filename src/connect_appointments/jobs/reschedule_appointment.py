"""The job of a reschedule: move the reservation, then give the appointment its new slot or refuse the reschedule.

When news has ended the appointment or begun its work meanwhile, the same job gives the new place back (D46a).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connect_appointments.core.appointments import RESCHEDULE_REFUSED, AppointmentState
from connect_appointments.core.cutoffs import cancellable_until
from connect_appointments.core.decisions.appointment_news import is_older
from connect_appointments.core.decisions.reschedule import Answer, Outcome, decide_outcome, ended_refusal
from connect_appointments.core.errors import SlotUnavailable
from connect_appointments.core.model import Slot
from connect_appointments.core.requests import ORDER_TRANSFERRED, RESCHEDULE_OVERTAKEN, SLOT_REFUSED
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs import kinds
from connect_appointments.jobs.context import APPOINTMENT_COLUMNS, visit_of
from connect_appointments.jobs.kinds import WORKER, JobKind, PutOff, RetrySchedule
from connect_appointments.jobs.withdrawals import Withdrawal, withdraw
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, Locked, lock
from connect_appointments.store.queries import appointments, jobs, requests
from connect_appointments.store.queries.appointments import STATES, AppointmentChange
from connect_appointments.store.queries.changes import reschedules
from connect_appointments.store.queries.changes.reschedules import Moved
from connect_appointments.store.queries.jobs import Job, claim_statement
from connect_appointments.store.queries.locks.appointment_locks import LOCK_PAIRS
from connect_appointments.store.queries.requests import Change
from connect_appointments.store.queries.slots import decode_slot, encode_move, encode_refused_move
from connect_appointments.store.tables import appointments as appointments_table
from connect_appointments.store.tables import installation, orders
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.tables import reschedules as reschedules_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_reschedules import RESCHEDULE_JOB
from connect_appointments.usecases.clock import Clock
from connect_appointments.workforce.port import (
    CancelCommand,
    Cancelled,
    MoveCommand,
    NotYet,
    Refused,
    Reserved,
    Workforce,
)

CLAIM = claim_statement(
    RESCHEDULE_JOB,
    [
        reschedules_table.c.slot.label("new_slot"),
        reschedules_table.c.owner,
        appointments_table.c.id.label("appointment_id"),
        appointments_table.c.booking_id.label("key_number"),
        appointments_table.c.state.label("appointment_state"),
        appointments_table.c.slot,
        *APPOINTMENT_COLUMNS,
        installation.c.id.label("installation"),
    ],
    jobs_table.join(reschedules_table, reschedules_table.c.id == jobs_table.c.reschedule_id)
    .join(appointments_table, appointments_table.c.id == reschedules_table.c.appointment_id)
    .join(orders, orders.c.id == appointments_table.c.order_id)
    .join(installation, installation.c.id != ""),
)
Answers = dict[tuple[int, int], Any]


class Ended(NamedTuple):
    """The workforce system's decision on a reschedule, and the point of no return with the new slot.

    slot_as_of: the system's time of the move; None if it tells none, or without a move.
    """

    job: Job
    slot: Slot
    answer: Answer
    cancellable_until: datetime
    slot_as_of: datetime | None

    @property
    def key(self) -> tuple[int, int]:
        """Each claim has one result."""
        return self.job.key

    @property
    def row(self) -> int:
        """The appointment to lock."""
        return int(self.job.context.appointment_id)


class RescheduleAppointment:
    """Moves reservations in the workforce system, and writes the results."""

    def __init__(
        self, database: Database, workforce: Workforce, policy: BookingPolicy, clock: Clock, *, answer_seconds: float
    ) -> None:
        """Create the job without starting it.

        policy: the point of no return of appointments.
        answer_seconds: timeout of calls to the workforce system.
        """
        self._policy = policy
        self._workforce = workforce
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._ended = GroupCommit[Ended, Outcome](database, self._end, repeatable=False)

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The job kind. A reschedule is retried until it is decided: a missing answer is never a refusal."""
        return JobKind(RESCHEDULE_JOB, CLAIM, self.run, slots, retry)

    async def run(self, claimed: Sequence[Job]) -> Sequence[kinds.Outcome]:
        """Move the reservation of each appointment; if it can no longer be changed, give the new place back."""
        moving = [job for job in claimed if job.context.appointment_state == AppointmentState.RESCHEDULING]
        cancelled = [job for job in claimed if job.context.appointment_state == AppointmentState.CANCELLED]
        returning = [job for job in claimed if job not in moving and job not in cancelled]
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._move(moving, returning) | await self._cancel(cancelled)
        ended = [one for one in (self._ended_of(job, answers[job.key]) for job in claimed) if one is not None]
        outcomes = dict(zip([one.key for one in ended], await self._ended.submit_all(ended), strict=True))
        return [_outcome(answers[job.key], outcomes.get(job.key)) for job in claimed]

    def _ended_of(self, job: Job, answer: object) -> Ended | None:
        """The result of a decided answer; None for an undecided one."""
        as_of = answer.at if isinstance(answer, Reserved) else None
        decided = Answer.MOVED if isinstance(answer, Reserved) else answer
        if not isinstance(decided, Answer):
            return None
        slot = decode_slot(job.context.new_slot)
        return Ended(job, slot, decided, cancellable_until(slot, visit_of(job).site, self._policy), as_of)

    async def _end(self, transaction: Transaction, ended: Sequence[Ended], *, wait: bool) -> Sequence[Any]:
        return await end_reschedules(transaction, ended, self._policy, wait=wait)

    async def _move(self, moving: Sequence[Job], returning: Sequence[Job]) -> Answers:
        commands = [
            *(MoveCommand(_key(job), visit_of(job), decode_slot(job.context.new_slot), _number(job)) for job in moving),
            *(
                MoveCommand(_key(job), visit_of(job), decode_slot(job.context.slot), _number(job) + 1, undo=True)
                for job in returning
            ),
        ]
        answers = await self._workforce.move(commands, self._clock()) if commands else ()
        known: Answers = {job.key: answer for job, answer in zip([*moving, *returning], answers, strict=True)}
        return {job.key: _of_move(known[job.key]) for job in moving} | {
            job.key: _of_return(known[job.key]) for job in returning
        }

    async def _cancel(self, cancelled: Sequence[Job]) -> Answers:
        commands = [CancelCommand(_key(job), "the network cancelled the appointment") for job in cancelled]
        answers = await self._workforce.cancel(commands) if commands else ()
        return {job.key: _of_return(answer) for job, answer in zip(cancelled, answers, strict=True)}


def _key(job: Job) -> str:
    return f"{job.context.installation}-{job.context.key_number}"


def _number(job: Job) -> int:
    """The number of the move; the next number gives its place back."""
    return 2 * (job.reschedule_id or 0)


def _of_move(answer: object) -> object:
    return Answer.REFUSED if isinstance(answer, Refused) else answer


def _of_return(answer: object) -> object:
    if isinstance(answer, (Reserved, Cancelled)):
        return Answer.UNDONE
    return RuntimeError(f"the place is not given back: {answer.reason}") if isinstance(answer, Refused) else answer


def _outcome(answer: object, outcome: Outcome | Exception | None) -> kinds.Outcome:
    if isinstance(answer, NotYet):
        return PutOff(answer.seconds)
    if isinstance(answer, Exception):
        return answer
    if isinstance(outcome, Exception):
        return outcome
    return PutOff(0) if outcome is Outcome.TO_UNDO else None


Decided = tuple[Ended, Outcome, Locked]


async def end_reschedules(
    transaction: Transaction, ended: Sequence[Ended], policy: BookingPolicy, *, wait: bool
) -> Sequence[Any]:
    """End reschedules, except where another worker has claimed the job since.

    policy: the end of an offer without the refused slot.
    """
    pairs = [(one.row, one.job.request_id, one.job.context.owner) for one in ended]
    locked = await lock(transaction, LOCK_PAIRS, pairs, wait=wait)
    decided = [(one, _decide(one, row), row) for one, row in zip(ended, locked, strict=True)]
    await reschedules.confirm(
        transaction, [_moved(one, row) for one, outcome, row in decided if outcome is Outcome.RESCHEDULED]
    )
    await _refuse(transaction, [each for each in decided if each[1] in (Outcome.REFUSED, Outcome.OVERTAKEN)], policy)
    return [outcome for _, outcome, _ in decided]


def _decide(ended: Ended, row: Locked) -> Any:
    if row is ROW_LOCKED:
        return ROW_LOCKED
    if row is None:
        raise LookupError(f"there is no appointment {ended.row} with appointment-request {ended.job.request_id}")
    state = STATES[row.appointment_state]
    return decide_outcome(state, row.appointment_reschedule_id, ended.job.reschedule_id or 0, ended.answer)


def _moved(ended: Ended, row: Locked) -> Moved:
    previous = decode_slot(row.appointment_slot)
    slot, as_of, until = ended.slot, ended.slot_as_of or row.appointment_slot_as_of, ended.cancellable_until
    if is_older(ended.slot_as_of, row.appointment_slot_as_of):
        # The network has moved the visit since.
        slot, as_of, until = previous, row.appointment_slot_as_of, row.appointment_cancellable_until
    who = (row.appointment_owner, WORKER.name)
    return Moved(ended.job, row.appointment_id, row.request_id, *who, slot, as_of, until, encode_move(slot, previous))


async def _refuse(transaction: Transaction, decided: Sequence[Decided], policy: BookingPolicy) -> None:
    """Refuse reschedules and open their appointment-requests again, except where another worker has claimed the job."""
    finished = await jobs.finish(transaction, [one.job for one, _, _ in decided])
    counted = [each for each in decided if each[0].key in finished]
    refused = [(one, row) for one, outcome, row in counted if outcome is Outcome.REFUSED]
    changes = [_refused_change(one, row) for one, row in refused]
    await appointments.transition(transaction, RESCHEDULE_REFUSED, changes)
    for step in (SLOT_REFUSED, RESCHEDULE_OVERTAKEN, ORDER_TRANSFERRED):
        leaving = [_change(one, row) for one, outcome, row in counted if _step(outcome, row) is step]
        await requests.transition(transaction, step, leaving)
    codes = {one.job.reschedule_id or 0: _code(outcome, row) for one, outcome, row in counted}
    await reschedules.refuse(transaction, codes, [row.request_id for _, _, row in counted])
    gone = [Withdrawal(row.request_id, one.slot.id, visit_of(one.job).site) for one, row in refused]
    await withdraw(transaction, gone, policy)


def _step(outcome: Outcome, row: Locked) -> Any:
    """The transition of the appointment-request; after a transfer of the order it can never be booked again."""
    if row.request_owner != row.order_owner:
        return ORDER_TRANSFERRED
    return SLOT_REFUSED if outcome is Outcome.REFUSED else RESCHEDULE_OVERTAKEN


def _code(outcome: Outcome, row: Locked) -> str:
    if outcome is Outcome.REFUSED:
        return SlotUnavailable.code
    refusal = ended_refusal(STATES[row.appointment_state])
    if refusal is None:
        raise AssertionError(f"appointment {row.appointment_id} is {row.appointment_state}")
    return refusal.code


def _change(ended: Ended, row: Locked) -> Change:
    return Change(row.request_id, row.request_owner, WORKER.name, ended.job.x_request_id)


def _refused_change(ended: Ended, row: Locked) -> AppointmentChange:
    return AppointmentChange(
        row.appointment_id,
        row.appointment_request_id,
        row.request_order_id,
        row.appointment_owner,
        WORKER.name,
        ended.job.x_request_id,
        cancellation_id=row.appointment_cancellation_id,
        reschedule_id=row.appointment_reschedule_id,
        detail=encode_refused_move(ended.slot, SlotUnavailable.code),
    )
