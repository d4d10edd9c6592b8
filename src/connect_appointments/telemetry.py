"""What an operator sees: log lines and metrics."""

from __future__ import annotations

import logging
import sys

import structlog
from prometheus_client import REGISTRY, Counter, generate_latest

KEY_REFRESH_FAILURES = Counter("connect_key_refresh_failures", "Refreshes of the issuer's keys that failed.")
REQUESTS = Counter("connect_requests", "Requests answered, by operation and status.", ["operation", "status"])
JOB_FAILURES = Counter("connect_job_failures", "Background jobs that failed and were put off.", ["kind"])


def configure_logging(level: str) -> None:
    """Write log lines as JSON to standard error, one object a line."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Wherever standard error is at that moment: a logger that keeps it would write to a closed one some day.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def metrics() -> bytes:
    """The metrics of this process, in the Prometheus text format."""
    return generate_latest(REGISTRY)
