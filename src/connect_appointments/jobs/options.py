"""Options of background work."""

from __future__ import annotations

from dataclasses import dataclass

OF_LEASE = 0.8
"""The share of a lease after which calls to the workforce system time out."""


@dataclass(frozen=True)
class WorkerOptions:
    """Options of background work.

    slots: concurrent jobs of each kind in one process.
    lease_seconds: the lease of a claimed job; calls to the workforce system time out after four fifths of it.
    gather_seconds: the minimum time between two claims of a kind, so that a busy worker claims jobs in groups.
    poll_seconds: how often the worker polls for jobs of other processes.
    search_tries: failures after which a search has failed for good; a booking is retried until it is decided.
    backoff_seconds: the delay after the first failure, doubled after each further failure.
    max_backoff_seconds: the longest delay.
    assume_over_days: an appointment counts as over this many days after its end (D45).
    erase_contacts_after_days: contacts are erased this many days after the end of their use (D49).
    news_seconds: the time between two reads of the news of the workforce system.
    """

    slots: int = 256
    lease_seconds: float = 30
    gather_seconds: float = 0.01
    poll_seconds: float = 1
    search_tries: int = 8
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60
    news_seconds: float = 10
    assume_over_days: int = 7
    erase_contacts_after_days: int = 365
