"""What a kind of job is, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connect_appointments.core.model import Actor, Operator
from connect_appointments.store.chains import Chain
from connect_appointments.store.queries.jobs import Job

WORKER = Operator("worker")


class PutOff(NamedTuple):
    """A job that is not done: it is to be tried again after `seconds`, and nothing has failed."""

    seconds: float


Outcome = PutOff | Exception | None
"""How a job went: done, put off, or failed."""


@dataclass(frozen=True)
class RetrySchedule:
    """When a job that failed is tried again.

    first_seconds: the wait after the first failure, doubled with each further one, each with jitter.
    longest_seconds: the longest wait.
    tries: a job that failed this often has failed for good; None tries for ever.
    """

    first_seconds: float = 0.5
    longest_seconds: float = 60
    tries: int | None = None


async def _nothing(_: Sequence[Job]) -> None:
    """Nothing is left to do after a last failure."""


@dataclass(frozen=True)
class JobKind:
    """One kind of job.

    name: as the rows have it.
    claim: the statement that claims jobs of the kind, with what each needs (`store.jobs.claim_statement`).
    run: does a group of claimed jobs; the outcomes are in their order.
    slots: jobs of the kind that one process does at once, so that a slow kind never starves another.
    retry: when a failed job is tried again.
    on_last_failure: called with jobs that have failed for good; it takes them off the list.
    """

    name: str
    claim: Chain
    run: Callable[[Sequence[Job]], Awaitable[Sequence[Outcome]]]
    slots: int
    retry: RetrySchedule
    on_last_failure: Callable[[Sequence[Job]], Awaitable[object]] = _nothing


def actor_of(job: Job) -> Actor:
    """The worker, as the author of what a job changes."""
    return Actor(WORKER, WORKER.name, job.trace)
