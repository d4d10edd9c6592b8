"""The job that cancels the reservation of an appointment whose cancellation an operator has recorded.

The calendar needs no job: its reservation is cancelled in the transaction of the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connect_appointments.jobs.kinds import JobKind, Outcome, PutOff, RetrySchedule
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import Job, claim_statement
from connect_appointments.store.tables import installation
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.usecases.appointment_news import CANCEL_RESERVATION_JOB
from connect_appointments.workforce.port import CancelCommand, Cancelled, NotYet, Refused, Workforce

CLAIM = claim_statement(
    CANCEL_RESERVATION_JOB,
    [installation.c.id.label("installation")],
    jobs_table.join(installation, installation.c.id != ""),
)
REASON = "the network operator has recorded that the appointment is cancelled"


class CancelReservation:
    """Cancels reservations in the workforce system; a key gives its place back once, however often it is cancelled."""

    def __init__(self, database: Database, workforce: Workforce, *, answer_seconds: float) -> None:
        """`answer_seconds`: timeout of calls to the workforce system."""
        self._database = database
        self._workforce = workforce
        self._answer_seconds = answer_seconds

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The job kind."""
        return JobKind(CANCEL_RESERVATION_JOB, CLAIM, self.run, slots, retry)

    async def run(self, claimed: Sequence[Job]) -> Sequence[Outcome]:
        """Cancel the reservation of each job."""
        commands = [CancelCommand(f"{job.context.installation}-{job.booking_id}", REASON) for job in claimed]
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._workforce.cancel(commands)
        done = [job for job, answer in zip(claimed, answers, strict=True) if isinstance(answer, Cancelled)]
        # A job that another worker has claimed since is left to it: its cancel changes nothing.
        await self._database.write(lambda transaction: jobs.finish(transaction, done), batch=True)
        return [_outcome(answer) for answer in answers]


def _outcome(answer: Cancelled | Refused | NotYet | Exception) -> Outcome:
    if isinstance(answer, Cancelled):
        return None
    if isinstance(answer, Refused):
        return RuntimeError(f"the reservation is not cancelled: {answer.reason}")
    return PutOff(answer.seconds) if isinstance(answer, NotYet) else answer
