"""A database that cannot be reached, as opposed to one that answers with an error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.failures import breaks_connection, sqlstate
from connect_appointments.telemetry.outage import Outage

UNREACHABLE_CLASSES = ("08", "28", "3D000", "57P")
"""SQLSTATE classes of a server that refuses or ends the connection. Others are an answer to one statement."""

UNREACHABLE_SQLITE_CODES = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM})
"""The same of SQLite: a file that cannot be opened."""

MAX_REASON_CHARACTERS = 500


def note_unreachable(outage: Outage, error: BaseException, request_id: str | None = None) -> bool:
    """Tell `outage` about an error that means that the database cannot be reached; return whether it means that.

    request_id: of the request that failed; None where no request did.
    """
    if not isinstance(error, Unavailable) or not is_unreachable(error):
        return False
    outage.lost(reason_of(error), request_id)
    return True


def is_unreachable(error: BaseException) -> bool:
    """Whether the database could not be reached, or ended the connection."""
    causes = list(_causes(error))
    state = next(filter(None, map(sqlstate, causes)), "")
    if state:
        return state.startswith(UNREACHABLE_CLASSES)
    return any(isinstance(cause, OSError) or breaks_connection(cause) or _is_unopened(cause) for cause in causes)


def reason_of(error: BaseException) -> str:
    """What the driver or the system said first; what is around it repeats the statement, and its values."""
    *_, first = _causes(error)
    return " ".join(f"{type(first).__name__}: {first}".split())[:MAX_REASON_CHARACTERS]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_unopened(error: BaseException) -> bool:
    # The low byte is the primary code, the rest says more.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in UNREACHABLE_SQLITE_CODES
