"""THE table of job kinds: what each does, how many at once, when it is retried, what its last failure does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connect_appointments.jobs.book import Book
from connect_appointments.jobs.kinds import JobKind, RetrySchedule
from connect_appointments.jobs.release_offer import ReleaseOffer
from connect_appointments.jobs.search import Search
from connect_appointments.store.engine import Database
from connect_appointments.usecases.clock import Clock
from connect_appointments.workforce.port import Workforce

OF_LEASE = 0.8
"""The part of a lease that the workforce system has to answer."""


@dataclass(frozen=True)
class WorkerOptions:
    """How background work is done.

    slots: jobs of each kind that one process does at once.
    lease_seconds: how long a claimed job is this worker's; the workforce system has four fifths of it to answer.
    gather_seconds: the least time between two claims of a kind, so that a busy worker claims jobs in groups.
    poll_seconds: how often to look for jobs that other processes left.
    search_tries: a search that failed this often has failed for good; a booking is tried until it is decided.
    backoff_seconds: wait after the first failure, doubled with each further one.
    max_backoff_seconds: the longest wait.
    """

    slots: int = 256
    lease_seconds: float = 30
    gather_seconds: float = 0.01
    poll_seconds: float = 1
    search_tries: int = 8
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60


def job_kinds(database: Database, workforce: Workforce, clock: Clock, options: WorkerOptions) -> Sequence[JobKind]:
    """Every kind of job."""
    seconds = options.lease_seconds * OF_LEASE
    for_ever = RetrySchedule(options.backoff_seconds, options.max_backoff_seconds)
    until_failed = RetrySchedule(options.backoff_seconds, options.max_backoff_seconds, options.search_tries)
    return (
        Search(database, workforce, clock, answer_seconds=seconds).kind(options.slots, until_failed),
        Book(database, workforce, clock, answer_seconds=seconds).kind(options.slots, for_ever),
        ReleaseOffer(database, workforce, answer_seconds=seconds).kind(options.slots, for_ever),
    )
