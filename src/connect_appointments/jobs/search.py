"""The job that searches slots for a new appointment-request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import CHANGING, AppointmentState
from connect_appointments.core.cutoffs import offer_expires_on
from connect_appointments.core.model import Slot
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.context import ORDER_COLUMNS, offer_key, visit_of
from connect_appointments.jobs.kinds import WORKER, JobKind, Outcome, RetrySchedule
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import searches
from connect_appointments.store.queries.jobs import Job, claim_statement
from connect_appointments.store.queries.searches import FoundSlots
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.store.tables import appointment_requests, appointments, installation, orders
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.creations import SEARCH
from connect_appointments.workforce.port import Availability, AvailabilityQuery, Workforce

_OWN_SLOT = (
    sa.select(appointments.c.slot)
    .where(
        appointments.c.order_id == appointment_requests.c.order_id,
        appointments.c.owner == appointment_requests.c.owner,
        appointments.c.state.in_(sorted({AppointmentState.BOOKED, *CHANGING})),
    )
    .order_by(appointments.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
"""The slot of the order's newest appointment, which can still be moved."""
CLAIM = claim_statement(
    SEARCH,
    [
        appointment_requests.c.date_from,
        _OWN_SLOT.label("own_slot"),
        *ORDER_COLUMNS,
        installation.c.id.label("installation"),
    ],
    jobs_table.join(appointment_requests, appointment_requests.c.id == jobs_table.c.request_id)
    .join(orders, orders.c.id == appointment_requests.c.order_id)
    .join(installation, installation.c.id != ""),
)


class SearchResult(NamedTuple):
    """The result of a search.

    expires_on: the end of the offer by its slots and its hold (D47).
    offer_seconds: how long an offer lasts at most; None for no limit.
    """

    job: Job
    availability: Availability
    expires_on: datetime | None = None
    offer_seconds: float | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Each claim has one result."""
        return self.job.key

    @property
    def row(self) -> int | None:
        """The appointment-request to lock."""
        return self.job.request_id


class Search:
    """Queries the workforce system for slots and writes the results."""

    def __init__(
        self, database: Database, workforce: Workforce, policy: BookingPolicy, clock: Clock, *, answer_seconds: float
    ) -> None:
        """Create the job without starting it.

        policy: the end of offers.
        answer_seconds: timeout of calls to the workforce system.
        """
        self._policy = policy
        self._workforce = workforce
        self._clock = clock
        self._answer_seconds = answer_seconds
        # Repeatable: on a second run, the job is already deleted.
        self._results = GroupCommit[SearchResult, None](database, finish_searches, one_statement=True)
        self._failures = GroupCommit[Job, None](database, fail_searches, one_statement=True)

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The job kind."""
        return JobKind(SEARCH, CLAIM, self.run, slots, retry, self.fail)

    async def run(self, claimed: Sequence[Job]) -> Sequence[Outcome]:
        """Search the slots of each job."""
        queries = [
            AvailabilityQuery(offer_key(job), visit_of(job), job.context.date_from, _own_slot(job)) for job in claimed
        ]
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._workforce.find_slots(queries, self._clock())
        found = [
            self._result(job, answer)
            for job, answer in zip(claimed, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        kept = iter(await self._results.submit_all(found))
        return [answer if isinstance(answer, Exception) else next(kept) for answer in answers]

    def _result(self, job: Job, found: Availability) -> SearchResult:
        minutes = self._policy.offer_minutes
        expires_on = offer_expires_on(found.slots, visit_of(job).site, self._policy, found.held_until)
        return SearchResult(job, found, expires_on, None if minutes is None else 60.0 * minutes)

    async def fail(self, failed: Sequence[Job]) -> None:
        """Mark the searches of these jobs as failed for good."""
        for outcome in await self._failures.submit_all(failed):
            if isinstance(outcome, Exception):
                raise outcome


def _own_slot(job: Job) -> Slot | None:
    return None if job.context.own_slot is None else decode_slot(job.context.own_slot)


async def finish_searches(transaction: Transaction, results: Sequence[SearchResult], *, wait: bool) -> Sequence[Any]:
    """Write results, except for jobs claimed again since and requests that are no longer searching."""
    return await searches.finish(transaction, [_found(one) for one in results], wait=wait)


def _found(one: SearchResult) -> FoundSlots:
    found = one.availability
    return FoundSlots(one.job, WORKER.name, found.slots, found.held_until, one.expires_on, one.offer_seconds)


async def fail_searches(transaction: Transaction, failed: Sequence[Job], *, wait: bool) -> Sequence[Any]:
    """Mark searches as failed for good, except for jobs claimed again since and requests no longer searching."""
    return await searches.fail(transaction, failed, WORKER.name, wait=wait)
