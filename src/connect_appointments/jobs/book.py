"""The job of a booking attempt: reserve the slot, then confirm or refuse the attempt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connect_appointments.core.cutoffs import cancellable_until
from connect_appointments.core.decisions.booking_outcome import Answer, Outcome, OutcomeSubject, decide_outcome
from connect_appointments.core.requests import ORDER_TRANSFERRED, SLOT_REFUSED
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs import kinds
from connect_appointments.jobs.context import ORDER_COLUMNS, visit_of
from connect_appointments.jobs.kinds import WORKER, JobKind, PutOff, RetrySchedule
from connect_appointments.jobs.withdrawals import Withdrawal, withdraw
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, Locked, lock
from connect_appointments.store.queries import bookings, jobs, orders, requests
from connect_appointments.store.queries.bookings import Attempt
from connect_appointments.store.queries.confirmations import Confirmed, confirm
from connect_appointments.store.queries.jobs import Job, claim_statement
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import STATES, Change
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.store.tables import appointment_requests, installation
from connect_appointments.store.tables import bookings as bookings_table
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.tables import orders as orders_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.bookings import BOOK_JOB
from connect_appointments.usecases.clock import Clock
from connect_appointments.workforce.port import (
    CancelCommand,
    Cancelled,
    NotYet,
    Refused,
    ReserveCommand,
    Reserved,
    Workforce,
)

CLAIM = claim_statement(
    BOOK_JOB,
    [
        *(bookings_table.c.owner, bookings_table.c.slot, appointment_requests.c.transferred_on),
        *(*ORDER_COLUMNS, installation.c.id.label("installation")),
    ],
    jobs_table.join(bookings_table, bookings_table.c.id == jobs_table.c.booking_id)
    .join(appointment_requests, appointment_requests.c.id == bookings_table.c.request_id)
    .join(orders_table, orders_table.c.id == appointment_requests.c.order_id)
    .join(installation, installation.c.id != ""),
)


class Ended(NamedTuple):
    """The workforce system's decision on a booking attempt.

    workforce_id: None unless the slot is reserved.
    slot_as_of: the system's time of the reservation, None if it tells none.
    """

    job: Job
    attempt: Attempt
    answer: Answer
    cancellable_until: datetime
    workforce_id: str | None = None
    slot_as_of: datetime | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Each claim has one result."""
        return self.job.key

    @property
    def row(self) -> int:
        """The appointment-request to lock."""
        return self.attempt.request_id


class Book:
    """Reserves slots in the workforce system, and writes the results."""

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
        """The job kind. A booking is retried until it is decided: a missing answer is never a refusal."""
        return JobKind(BOOK_JOB, CLAIM, self.run, slots, retry)

    async def run(self, claimed: Sequence[Job]) -> Sequence[kinds.Outcome]:
        """Reserve the slot of each job; if a transfer has marked the attempt, undo a possible reservation."""
        kept = [job for job in claimed if job.context.transferred_on is None]
        transferred = [job for job in claimed if job.context.transferred_on is not None]
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._reserve(kept) | await self._undo(transferred)
        ended = [one for one in (self._ended_of(job, answers[job.key]) for job in claimed) if one is not None]
        outcomes = dict(zip([one.key for one in ended], await self._ended.submit_all(ended), strict=True))
        return [_outcome(answers[job.key], outcomes.get(job.key)) for job in claimed]

    def _ended_of(self, job: Job, answer: object) -> Ended | None:
        """The result of a decided answer; None for an undecided one."""
        slot = decode_slot(job.context.slot)
        attempt = Attempt(job.booking_id or 0, job.request_id or 0, job.context.owner, slot)
        until = cancellable_until(slot, visit_of(job).site, self._policy)
        if isinstance(answer, Reserved):
            return Ended(job, attempt, Answer.RESERVED, until, answer.workforce_id, answer.at)
        if isinstance(answer, Cancelled):
            return Ended(job, attempt, Answer.UNDONE, until)
        return Ended(job, attempt, Answer.REFUSED, until) if isinstance(answer, Refused) else None

    async def _end(self, transaction: Transaction, ended: Sequence[Ended], *, wait: bool) -> Sequence[Any]:
        return await end_bookings(transaction, ended, self._policy, wait=wait)

    async def _reserve(self, claimed: Sequence[Job]) -> dict[tuple[int, int], Any]:
        commands = [ReserveCommand(_key(job), visit_of(job), decode_slot(job.context.slot)) for job in claimed]
        answers = await self._workforce.reserve(commands, self._clock()) if commands else ()
        return {job.key: answer for job, answer in zip(claimed, answers, strict=True)}

    async def _undo(self, claimed: Sequence[Job]) -> dict[tuple[int, int], Any]:
        commands = [CancelCommand(_key(job), "the order was transferred to another provider") for job in claimed]
        answers = await self._workforce.cancel(commands) if commands else ()
        return {
            job.key: RuntimeError(f"the reservation is not undone: {answer.reason}")
            if isinstance(answer, Refused)
            else answer
            for job, answer in zip(claimed, answers, strict=True)
        }


def _key(job: Job) -> str:
    return f"{job.context.installation}-{job.booking_id}"


def _outcome(answer: object, outcome: Outcome | Exception | None) -> kinds.Outcome:
    if isinstance(answer, NotYet):
        return PutOff(answer.seconds)
    if isinstance(answer, Exception):
        return answer
    if isinstance(outcome, Exception):
        return outcome
    return PutOff(0) if outcome is Outcome.TO_UNDO else None


async def end_bookings(
    transaction: Transaction, ended: Sequence[Ended], policy: BookingPolicy, *, wait: bool
) -> Sequence[Any]:
    """Confirm or refuse booking attempts, except where another worker has claimed the job since.

    policy: the end of an offer without the refused slot.
    """
    keys = [(one.attempt.request_id,) for one in ended]
    locked = await lock(transaction, request_locks.LOCK_ANY_WITH_ORDERS, keys, wait=wait)
    decided = [(one, _decide(one, row), row) for one, row in zip(ended, locked, strict=True)]
    await confirm(
        transaction,
        [
            Confirmed(one.job, one.attempt, WORKER.name, one.workforce_id or "", one.cancellable_until, one.slot_as_of)
            for one, outcome, _ in decided
            if outcome is Outcome.CONFIRMED
        ],
    )
    await _end(transaction, [each for each in decided if each[1] in ENDING], policy)
    return [outcome for _, outcome, _ in decided]


def _decide(ended: Ended, row: Locked) -> Any:
    if row is ROW_LOCKED:
        return ROW_LOCKED
    if row is None:
        raise LookupError(f"there is no appointment-request {ended.attempt.request_id}")
    subject = OutcomeSubject(STATES[row.state], row.booking_id, is_transferred=row.transferred_on is not None)
    return decide_outcome(subject, ended.attempt.id, ended.answer)


ENDING = frozenset({Outcome.REFUSED, Outcome.TRANSFERRED, Outcome.STALE})
"""Outcomes that end the job without an appointment."""
STEPS = {Outcome.REFUSED: SLOT_REFUSED, Outcome.TRANSFERRED: ORDER_TRANSFERRED}


async def _end(transaction: Transaction, decided: Sequence[tuple[Ended, Outcome, Any]], policy: BookingPolicy) -> None:
    """End booking attempts without an appointment, except where another worker has claimed the job since."""
    finished = await jobs.finish(transaction, [one.job for one, _, _ in decided])
    counted = [(one, outcome, row) for one, outcome, row in decided if one.key in finished and outcome in STEPS]
    for outcome, step in STEPS.items():
        group = [one for one, found, _ in counted if found is outcome]
        await requests.transition(transaction, step, [_change(one) for one in group])
        await bookings.refuse(transaction, {one.attempt.id: str(outcome.value) for one in group})
    freed = Counter(row.order_id for _, _, row in counted)
    await orders.occupy(transaction, {order_id: -count for order_id, count in freed.items()})
    refused = [one for one, outcome, _ in counted if outcome is Outcome.REFUSED]
    await withdraw(transaction, [_withdrawal(one) for one in refused], policy)


def _withdrawal(ended: Ended) -> Withdrawal:
    return Withdrawal(ended.attempt.request_id, ended.attempt.slot.id, visit_of(ended.job).site)


def _change(ended: Ended) -> Change:
    return Change(ended.attempt.request_id, ended.attempt.owner, WORKER.name, ended.job.x_request_id, ended.attempt.id)
