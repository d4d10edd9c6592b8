"""Job kinds, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connect_appointments.core.model import Operator
from connect_appointments.store.chains import Chain
from connect_appointments.store.queries.jobs import Job

WORKER = Operator("worker")


class PutOff(NamedTuple):
    """The job is not finished, and no error occurred: retry it after `seconds`."""

    seconds: float


Outcome = PutOff | Exception | None
"""The outcome of a job: finished, put off, or failed."""


@dataclass(frozen=True)
class RetrySchedule:
    """When a failed job is retried.

    first_seconds: the delay after the first failure, doubled after each further failure, with jitter.
    longest_seconds: the longest delay.
    tries: the number of failures after which a job has failed for good; None retries forever.
    """

    first_seconds: float = 0.5
    longest_seconds: float = 60
    tries: int | None = None


async def _nothing(_: Sequence[Job]) -> None:
    """No action after the last failure."""


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    name: the value of the `kind` column.
    claim: the statement that claims jobs of the kind, with the data that each job needs (`store.jobs.claim_statement`).
    run: runs a group of claimed jobs; the outcomes are in their order.
    slots: concurrent jobs of the kind in one process, so that a slow kind never starves another kind.
    retry: when a failed job is retried.
    on_last_failure: called with jobs that have failed for good; it deletes the jobs.
    """

    name: str
    claim: Chain
    run: Callable[[Sequence[Job]], Awaitable[Sequence[Outcome]]]
    slots: int
    retry: RetrySchedule
    on_last_failure: Callable[[Sequence[Job]], Awaitable[object]] = _nothing
