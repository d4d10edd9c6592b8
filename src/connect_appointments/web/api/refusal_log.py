"""Log lines for refusals whose cause is in the service, not in the request."""

from __future__ import annotations

import structlog

from connect_appointments.core.errors import Refusal
from connect_appointments.store.unreachable import note_unreachable, reason_of
from connect_appointments.telemetry.outage import Outage

log = structlog.get_logger(__name__)


def log_refusal(refusal: Refusal, outage: Outage, request_id: str) -> None:
    """Log a refusal with a cause in the service; `outage` logs the refusals during an outage of the database."""
    if refusal.__cause__ is None or refusal.retry_after_seconds is None:
        return
    if not note_unreachable(outage, refusal, request_id):
        log.warning("refused", code=refusal.code, request_id=request_id, reason=reason_of(refusal))
