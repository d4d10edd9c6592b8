"""Log lines: JSON on standard error."""

from __future__ import annotations

import logging
import os
import sys

import structlog
from stamina.instrumentation import set_on_retry_hooks
from structlog.stdlib import ProcessorFormatter, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger


def _add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the process id, read for each line because processes are forked."""
    event["process"] = os.getpid()
    return event


FIELDS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    _add_process,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)
"""The fields of every log line, in addition to its event."""


def configure_logging(level: str) -> None:
    """Write log lines to standard error, one JSON object per line; libraries log from level warning on."""
    logging.basicConfig(level=logging.WARNING, handlers=[_library_handler()])
    structlog.configure(
        processors=[*FIELDS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Look up standard error per line: a logger that caches it could write to a closed stream later.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Only the final failure is logged; a line per retry adds no information.
    set_on_retry_hooks(())


def _library_handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*FIELDS, add_logger_name],
            processors=[ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    return handler
