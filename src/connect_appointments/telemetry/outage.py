"""An outage of the database: one log line when the database is lost, one when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from connect_appointments.telemetry.metrics import DATABASE_FAILURES

log = structlog.get_logger(__name__)

SETTLING_SECONDS = 5.0
"""A failure so soon after the database is back may have begun before it was, and does not begin another outage."""


class Outage:
    """Whether the database is lost, as the calls, the worker and the health checks of one process see it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """The database is not lost.

        clock: seconds that never go back.
        """
        self._clock = clock
        self._lost_at: float | None = None
        self._back_at = float("-inf")

    def lost(self, reason: str, request_id: str | None = None) -> None:
        """Count a failure of the database; log `database-lost` if it begins an outage.

        request_id: of the request that failed; None where no request did.
        """
        DATABASE_FAILURES.inc()
        now = self._clock()
        if self._lost_at is not None or now - self._back_at < SETTLING_SECONDS:
            return
        self._lost_at = now
        request = {} if request_id is None else {"request_id": request_id}
        log.warning("database-lost", reason=reason, **request)

    def over(self) -> None:
        """Log `database-back`, and how long the outage was, if there was one: the database answered."""
        if self._lost_at is None:
            return
        self._back_at = self._clock()
        # A warning too: at LOG_LEVEL=warning the end must not be missing.
        log.warning("database-back", seconds=round(self._back_at - self._lost_at, 1))
        self._lost_at = None
