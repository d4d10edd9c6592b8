"""The job that releases an offer: when its hold ends, or when the appointment-request is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from connect_appointments.core.requests import OCCUPYING
from connect_appointments.jobs.context import ORDER_COLUMNS, offer_key, visit_of
from connect_appointments.jobs.kinds import JobKind, Outcome, RetrySchedule
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import jobs, requests
from connect_appointments.store.queries.jobs import RELEASE_OFFER, Job, claim_statement
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.slots import decode_slots
from connect_appointments.store.tables import appointment_requests, bookings, installation, offers, orders, reschedules
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.port import ReleaseCommand, Workforce

_is_taken = appointment_requests.c.state.in_(sorted(OCCUPYING))
_is_booked = sa.and_(bookings.c.id == appointment_requests.c.booking_id, _is_taken)
_is_rescheduled = sa.and_(reschedules.c.id == appointment_requests.c.reschedule_id, _is_taken)
_chosen = sa.func.coalesce(bookings.c.slot_id, reschedules.c.slot_id).label("chosen")
CLAIM = claim_statement(
    RELEASE_OFFER,
    [offers.c.slots, _chosen, *ORDER_COLUMNS, installation.c.id.label("installation")],
    jobs_table.join(appointment_requests, appointment_requests.c.id == jobs_table.c.request_id)
    .join(orders, orders.c.id == appointment_requests.c.order_id)
    .join(offers, offers.c.request_id == appointment_requests.c.id)
    .join(installation, installation.c.id != "")
    .outerjoin(bookings, _is_booked)
    .outerjoin(reschedules, _is_rescheduled),
)


class ReleaseOffer:
    """Releases the offered slots in the workforce system; the booked slot stays reserved."""

    def __init__(self, database: Database, workforce: Workforce, *, answer_seconds: float) -> None:
        """`answer_seconds`: timeout of calls to the workforce system."""
        self._database = database
        self._workforce = workforce
        self._answer_seconds = answer_seconds

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The job kind."""
        return JobKind(RELEASE_OFFER, CLAIM, self.run, slots, retry)

    async def run(self, claimed: Sequence[Job]) -> Sequence[Outcome]:
        """Release the offer of each job."""
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._workforce.release_offer([_command(job) for job in claimed])
        done = [job for job, answer in zip(claimed, answers, strict=True) if answer is None]

        async def work(transaction: Transaction) -> None:
            # A cancel makes the job due now while it holds the lock on the appointment-request.
            await lock(transaction, request_locks.LOCK_ANY, [(job.request_id,) for job in done], wait=True)
            finished = await jobs.finish(transaction, done)
            ids = [job.request_id for job in done if job.key in finished and job.request_id is not None]
            await requests.hold_offers(transaction, dict.fromkeys(ids))

        await self._database.write(work, batch=True)
        return answers


def _command(job: Job) -> ReleaseCommand:
    slots = [slot for slot in decode_slots(job.context.slots) if slot.id != job.context.chosen]
    return ReleaseCommand(offer_key(job), visit_of(job), slots)
