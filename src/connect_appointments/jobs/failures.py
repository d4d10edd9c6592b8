"""Failures of background work: their log lines, and their texts in the database."""

from __future__ import annotations

import structlog

from connect_appointments.core import errors
from connect_appointments.store.unreachable import note_unreachable
from connect_appointments.telemetry.outage import Outage

log = structlog.get_logger(__name__)

MAX_REASON_CHARACTERS = 500


def warn(outage: Outage, event: str, error: Exception, **about: object) -> None:
    """Log a failure, unless its cause is an outage of the database, which is logged once."""
    if not note_unreachable(outage, error):
        log.warning(event, reason=reason_of(error), **about)


def reason_of(error: Exception) -> str:
    """The error's text, without characters that a database or a log cannot store."""
    cause = error.__cause__ if isinstance(error, errors.Refusal) and error.__cause__ else error
    text = f"{type(cause).__name__}: {cause}".replace("\x00", "\\x00").encode("ascii", "backslashreplace")
    return text[:MAX_REASON_CHARACTERS].decode("ascii")
