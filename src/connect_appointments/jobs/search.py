"""Looking up slots: the job of a new appointment-request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from connect_appointments.core.requests import SEARCH_FAILED, SLOTS_FOUND, State
from connect_appointments.jobs.context import ORDER_COLUMNS, offer_key, visit_of
from connect_appointments.jobs.kinds import WORKER, JobKind, Outcome, RetrySchedule
from connect_appointments.store import jobs, offers, requests
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.jobs import RELEASE_OFFER, Job, NewJob, claim_statement
from connect_appointments.store.locking import ROW_LOCKED, RowLocked, lock
from connect_appointments.store.requests import Change
from connect_appointments.store.tables import appointment_requests, installation, orders
from connect_appointments.store.tables import jobs as jobs_table
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.creations import SEARCH
from connect_appointments.workforce.port import Availability, AvailabilityQuery, Workforce

CLAIM = claim_statement(
    SEARCH,
    [appointment_requests.c.date_from, *ORDER_COLUMNS, installation.c.id.label("installation")],
    jobs_table.join(appointment_requests, appointment_requests.c.id == jobs_table.c.request_id)
    .join(orders, orders.c.id == appointment_requests.c.order_id)
    .join(installation, installation.c.id != ""),
)


class SearchResult(NamedTuple):
    """What a search has found; `availability` is None where it has failed for good."""

    job: Job
    availability: Availability | None

    @property
    def key(self) -> tuple[int, int]:
        """One result of each claim."""
        return self.job.key

    @property
    def row(self) -> int | None:
        """The appointment-request whose row is locked."""
        return self.job.request_id


class Search:
    """Asks the workforce system for slots and keeps what it answers."""

    def __init__(self, database: Database, workforce: Workforce, clock: Clock, *, answer_seconds: float) -> None:
        """`answer_seconds`: how long the workforce system may take."""
        self._workforce = workforce
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._results = GroupCommit[SearchResult, None](database, finish_searches, repeatable=False)

    def kind(self, slots: int, retry: RetrySchedule) -> JobKind:
        """The kind of job."""
        return JobKind(SEARCH, CLAIM, self.run, slots, retry, self.fail)

    async def run(self, claimed: Sequence[Job]) -> Sequence[Outcome]:
        """Look up the slots of each job."""
        queries = [AvailabilityQuery(offer_key(job), visit_of(job), job.context.date_from) for job in claimed]
        async with asyncio.timeout(self._answer_seconds):
            answers = await self._workforce.find_slots(queries, self._clock())
        found = [
            SearchResult(job, answer)
            for job, answer in zip(claimed, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        kept = iter(await self._results.submit_all(found))
        return [answer if isinstance(answer, Exception) else next(kept) for answer in answers]

    async def fail(self, failed: Sequence[Job]) -> None:
        """Let the searches of these jobs have failed for good."""
        for outcome in await self._results.submit_all([SearchResult(job, None) for job in failed]):
            if isinstance(outcome, Exception):
                raise outcome


async def finish_searches(
    transaction: Transaction, results: Sequence[SearchResult], *, wait: bool
) -> Sequence[Literal[RowLocked.ROW_LOCKED] | None]:
    """Keep what was found, but for jobs claimed by others since and requests that no longer search."""
    locked = await lock(transaction, requests.LOCK_ANY, [(result.job.request_id,) for result in results], wait=wait)
    here = [each for each in zip(results, locked, strict=True) if each[1] is not ROW_LOCKED]
    finished = await jobs.finish(transaction, [result.job for result, _ in here])
    # A job may be there twice, claimed again after its lease ran out: only its last claim is among the finished.
    counted = [(one, row) for one, row in here if one.key in finished and row and row.state == State.SEARCHING.value]
    found = [(one, row) for one, row in counted if one.availability is not None]
    failed = [(one, row) for one, row in counted if one.availability is None]
    await requests.transition(transaction, SLOTS_FOUND, [_change(one, row) for one, row in found])
    await requests.transition(transaction, SEARCH_FAILED, [_change(one, row) for one, row in failed])
    await _keep_offers(transaction, {row.id: one for one, row in found})
    return [ROW_LOCKED if row is ROW_LOCKED else None for row in locked]


def _change(result: SearchResult, row: Any) -> Change:
    return Change(row.id, row.owner, WORKER.name, result.job.trace)


async def _keep_offers(transaction: Transaction, found: dict[int, SearchResult]) -> None:
    """Keep the slots, and ask for the release of those that the workforce system holds for us."""
    offered = {number: one.availability for number, one in found.items() if one.availability is not None}
    await offers.insert(transaction, {number: one.slots for number, one in offered.items()})
    held = {number: one.held_until for number, one in offered.items() if one.held_until is not None}
    await requests.hold_offers(transaction, held)
    await jobs.add(
        transaction,
        [NewJob(RELEASE_OFFER, number, found[number].job.trace, due_at=until) for number, until in held.items()],
    )
