"""An outage of the database: one log line when the database is lost, one when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from connect_appointments.telemetry.metrics import DATABASE_FAILURES

log = structlog.get_logger(__name__)

SETTLING_SECONDS = 5.0
"""A failure within this time after an outage may have begun during it, and begins no new outage."""


class Outage:
    """The state of the database connection, shared by the calls, the worker and the health checks of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create the state without an outage.

        clock: monotonic seconds.
        """
        self._clock = clock
        self._lost_at: float | None = None
        self._back_at = float("-inf")

    def lost(self, reason: str, request_id: str | None = None) -> None:
        """Record a failure of the database; log `database-lost` if it begins an outage.

        request_id: the id of the failed request; None if no request failed.
        """
        DATABASE_FAILURES.inc()
        now = self._clock()
        if self._lost_at is not None or now - self._back_at < SETTLING_SECONDS:
            return
        self._lost_at = now
        request = {} if request_id is None else {"request_id": request_id}
        log.warning("database-lost", reason=reason, **request)

    def over(self) -> None:
        """Record that the database answered; log `database-back` with the duration if this ends an outage."""
        if self._lost_at is None:
            return
        self._back_at = self._clock()
        # At level warning, so that LOG_LEVEL=warning shows the end of an outage too.
        log.warning("database-back", seconds=round(self._back_at - self._lost_at, 1))
        self._lost_at = None
