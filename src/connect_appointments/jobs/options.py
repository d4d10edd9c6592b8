"""How background work is done."""

from __future__ import annotations

from dataclasses import dataclass


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
