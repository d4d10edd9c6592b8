"""Detection of an unreachable database, as opposed to a database that returns an error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.failures import breaks_connection, sqlite_code, sqlstate
from connect_appointments.telemetry.outage import Outage

UNREACHABLE_CLASSES = ("08", "28", "3D000", "57P")
"""SQLSTATE classes for a server that refuses or closes the connection. Other classes concern a single statement."""

UNREACHABLE_SQLITE_CODES = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM})
"""The equivalent primary result codes of SQLite: the file cannot be opened."""

MAX_REASON_CHARACTERS = 500


def note_unreachable(outage: Outage, error: BaseException, request_id: str | None = None) -> bool:
    """Report an error to `outage` if the database is unreachable; return whether it is.

    request_id: the id of the failed request; None if no request failed.
    """
    if not isinstance(error, Unavailable) or not is_unreachable(error):
        return False
    outage.lost(reason_of(error), request_id)
    return True


def is_unreachable(error: BaseException) -> bool:
    """Whether the database is unreachable or closed the connection."""
    causes = list(_causes(error))
    state = next(filter(None, map(sqlstate, causes)), "")
    if state:
        return state.startswith(UNREACHABLE_CLASSES)
    return any(
        isinstance(cause, OSError) or breaks_connection(cause) or sqlite_code(cause) in UNREACHABLE_SQLITE_CODES
        for cause in causes
    )


def reason_of(error: BaseException) -> str:
    """The original message of the driver or the system; the wrapping messages repeat the statement and its values."""
    *_, first = _causes(error)
    return " ".join(f"{type(first).__name__}: {first}".split())[:MAX_REASON_CHARACTERS]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
