"""The job of a cancellation: cancel the visit in the workforce system, then end the cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from connect_appointments.core.appointments import CANCELLATION_REFUSED, CANCELLED, AppointmentState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.decisions.appointment_cancellation import (
    CancellationOutcome,
    decide_cancellation_outcome,
)
from connect_appointments.core.events import event_detail
from connect_appointments.jobs.kinds import WORKER, JobKind, Outcome, PutOff, RetrySchedule
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import is_row, lock
from connect_appointments.store.queries import appointments, jobs
from connect_appointments.store.queries.appointments import AppointmentChange
from connect_appointments.store.queries.changes import appointment_cancellations
from connect_appointments.store.queries.jobs import Job, claim_statement
from connect_appointments.store.queries.locks.appointment_locks import LOCK_ANY_APPOINTMENTS
from connect_appointments.store.statements import Row
from connect_appointments.store.tables import cancellations, installation
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_cancellations import CANCEL_JOB
from connect_appointments.workforce.port import CancelCommand, Cancelled, NotYet, Refused, Workforce

CLAIM = claim_statement(
    CANCEL_JOB,
    [
        *(cancellations.c[name] for name in ("appointment_id", "state", "cancelled_by", "reason")),
        installation.c.id.label("installation"),
    ],
    jobs_table.join(cancellations, cancellations.c.id == jobs_table.c.cancellation_id).join(
        installation, installation.c.id != ""
    ),
)
REASONS = {
    CancelledBy.OWNER.value: "the provider cancelled the appointment",
    CancelledBy.NETWORK.value: "the network operator cancelled the appointment",
}
"""The text for the workforce system where the cancellation has no reason."""


class Ended(NamedTuple):
    """The decision of the workforce system on a cancellation."""

    job: Job
    answer: Cancelled | Refused

    @property
    def key(self) -> tuple[int, int]:
        """Each claim has one result."""
        return self.job.key

    @property
    def row(self) -> int:
        """The appointment to lock."""
        number: int = self.job.context.appointment_id
        return number


class CancelAppointment:
    """Cancels visits in the workforce system, and writes the results."""

    def __init__(self, database: Database, workforce: Workforce, *, answer_seconds: float) -> None:
        """`answer_seconds`: timeout of calls to the workforce system."""
        self._workforce = workforce
        self._answer_seconds = answer_seconds
        self._ended = GroupCommit[Ended, None](database, end_cancellations, repeatable=False)

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The job kind. A cancellation is retried until it is decided: a missing answer is never a refusal."""
        return JobKind(CANCEL_JOB, CLAIM, self.run, slots, retry)

    async def run(self, claimed: Sequence[Job]) -> Sequence[Outcome]:
        """Cancel the visit of each job."""
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._answers(claimed)
        ended = [Ended(job, answer) for job in claimed if isinstance(answer := answers[job.key], Cancelled | Refused)]
        written = await self._ended.submit_all(ended)
        outcomes: dict[tuple[int, int], Any] = dict(zip([one.key for one in ended], written, strict=True))
        return [outcomes[job.key] if job.key in outcomes else _left(answers[job.key]) for job in claimed]

    async def _answers(self, claimed: Sequence[Job]) -> dict[tuple[int, int], Any]:
        # News has ended the others since: the visit must not be cancelled any more.
        deciding = [job for job in claimed if job.context.state == CancellationState.DECIDING.value]
        known = await self._known([job for job in deciding if job.tries > 1])
        answers = {job.key: Refused("the cancellation has ended") for job in claimed} | known
        return answers | await self._cancel([job for job in deciding if job.key not in known])

    async def _known(self, claimed: Sequence[Job]) -> dict[tuple[int, int], Any]:
        """The visits that an earlier try has cancelled, and the visits whose state is unknown."""
        found = await self._workforce.find([_key(job) for job in claimed]) if claimed else ()
        return {
            job.key: answer
            for job, answer in zip(claimed, found, strict=True)
            if isinstance(answer, Cancelled | Exception)
        }

    async def _cancel(self, claimed: Sequence[Job]) -> dict[tuple[int, int], Any]:
        commands = [CancelCommand(_key(job), _reason(job), job.cancellation_id) for job in claimed]
        answers = await self._workforce.cancel(commands) if commands else ()
        return {job.key: answer for job, answer in zip(claimed, answers, strict=True)}


def _key(job: Job) -> str:
    return f"{job.context.installation}-{job.booking_id}"


def _reason(job: Job) -> str:
    return job.context.reason or REASONS[job.context.cancelled_by]


def _left(answer: NotYet | Exception) -> Outcome:
    return PutOff(answer.seconds) if isinstance(answer, NotYet) else answer


async def end_cancellations(transaction: Transaction, ended: Sequence[Ended], *, wait: bool) -> Sequence[Any]:
    """End cancellations, except where another worker has claimed the job since."""
    locked = await lock(transaction, LOCK_ANY_APPOINTMENTS, [(one.row,) for one in ended], wait=wait)
    both = [(one, row) for one, row in zip(ended, locked, strict=True) if is_row(row)]
    finished = await jobs.finish(transaction, [one.job for one, _ in both])
    decided = [(one, row, _decide(one, row)) for one, row in both if one.key in finished]
    cancelled = [(one, row) for one, row, outcome in decided if outcome is CancellationOutcome.CANCELLED]
    refused = [(one, row) for one, row, outcome in decided if outcome is CancellationOutcome.REFUSED]
    await appointments.transition(transaction, CANCELLED, [_cancelled(*one) for one in cancelled])
    await appointments.transition(transaction, CANCELLATION_REFUSED, [_refused(*one) for one in refused])
    outcomes = {row.cancellation_id: outcome.value for _, row, outcome in decided if outcome in ENDING}
    await appointment_cancellations.end(transaction, outcomes)
    return [
        None if is_row(row) else row or LookupError(f"there is no appointment {one.row}")
        for one, row in zip(ended, locked, strict=True)
    ]


ENDING = frozenset({CancellationOutcome.CANCELLED, CancellationOutcome.REFUSED})


def _decide(ended: Ended, row: Row) -> CancellationOutcome:
    return decide_cancellation_outcome(
        AppointmentState(row.state),
        row.cancellation_id,
        ended.job.cancellation_id or 0,
        is_cancelled=isinstance(ended.answer, Cancelled),
    )


def _cancelled(ended: Ended, row: Row) -> AppointmentChange:
    about = ended.job.context
    return _change(
        ended,
        row,
        cancelled_by=CancelledBy(about.cancelled_by),
        reason=about.reason,
        detail=event_detail(cancelledBy=about.cancelled_by, reason=about.reason),
    )


def _refused(ended: Ended, row: Row) -> AppointmentChange:
    reason = ended.answer.reason if isinstance(ended.answer, Refused) else None
    return _change(ended, row, detail=event_detail(reason=reason))


def _change(ended: Ended, row: Row, **changes: Any) -> AppointmentChange:
    return AppointmentChange(
        id=row.id,
        request_id=row.request_id,
        order_id=row.order_id,
        owner=row.owner,
        client=WORKER.name,
        x_request_id=ended.job.x_request_id,
        cancellation_id=row.cancellation_id,
        reschedule_id=row.reschedule_id,
        **changes,
    )
