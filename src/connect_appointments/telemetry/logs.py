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
    """Name the process: asked for at each line, because processes are forked."""
    event["process"] = os.getpid()
    return event


FIELDS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    _add_process,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)
"""What every line has beside its event."""


def configure_logging(level: str) -> None:
    """Write log lines as JSON to standard error, one object a line; of libraries' lines, those from warning on."""
    logging.basicConfig(level=logging.WARNING, handlers=[_library_handler()])
    structlog.configure(
        processors=[*FIELDS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Wherever standard error is at that moment: a logger that keeps it would write to a closed one some day.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # What fails in the end is logged where it failed; a line for every retry says no more.
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
