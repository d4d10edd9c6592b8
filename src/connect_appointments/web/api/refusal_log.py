"""What an operator is told of the refusals that a caller can do nothing about."""

from __future__ import annotations

import structlog

from connect_appointments.core.errors import Refusal
from connect_appointments.store.unreachable import note_unreachable, reason_of
from connect_appointments.telemetry.outage import Outage

log = structlog.get_logger(__name__)


def log_refusal(refusal: Refusal, outage: Outage, request_id: str) -> None:
    """Log a refusal that something here caused; one that the outage of the database caused is the outage's to log."""
    if refusal.__cause__ is None or refusal.retry_after_seconds is None:
        return
    if not note_unreachable(outage, refusal, request_id):
        log.warning("refused", code=refusal.code, request_id=request_id, reason=reason_of(refusal))
