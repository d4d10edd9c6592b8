"""Classification of driver errors: rolled back and retryable, unavailable, or a bug."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import asyncpg

from connect_appointments.core import errors

RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL rolled back the transaction and expects a retry."""

UNAVAILABLE_CLASSES = ("08", "28", "3D000", "40", "53", "55", "57", "58", "25006", "25P03", "XX001", "XX002")
"""SQLSTATE classes for a database that is unable to work at the moment, as opposed to an invalid statement."""

LOST_CLASSES = ("08", "57P", "25006", "25P03")
"""SQLSTATE classes after which the connection is unusable: broken, closed by the server, or to a read-only server."""

OUT_OF_TIME = frozenset({"55P03", "57014"})
"""`lock_timeout` and `statement_timeout`: a retry would wait for the same time again."""

SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""The equivalent primary result codes of SQLite."""


class LostBeforeCommit(Exception):
    """The connection broke before COMMIT was sent: nothing was committed, and the work can be retried."""


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of a PostgreSQL error, or an empty string."""
    return getattr(error, "sqlstate", None) or ""


def sqlite_code(error: BaseException) -> int:
    """The primary result code of a SQLite error, or 0."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte of an extended code


def is_retryable(error: Exception) -> bool:
    """Whether the transaction was certainly rolled back and can be retried."""
    if isinstance(error, LostBeforeCommit) or _is_stale_plan(error):
        return True
    return sqlstate(error) in RETRYABLE_STATES


def is_out_of_time(error: BaseException | None) -> bool:
    """Whether a timeout ended the work, so that an immediate retry would only wait for the same time again."""
    return error is not None and (isinstance(error, TimeoutError) or sqlstate(error) in OUT_OF_TIME)


def breaks_connection(error: BaseException) -> bool:
    """Whether the error leaves its connection unusable."""
    if _is_connection_error(error) or isinstance(error, (ConnectionError, TimeoutError)):
        return True
    return sqlstate(error).startswith(LOST_CLASSES)


def is_unavailable(error: BaseException) -> bool:
    """Whether the database was unable to work, as opposed to an invalid statement."""
    if isinstance(error, (OSError, TimeoutError, LostBeforeCommit)):
        return True
    if breaks_connection(error) or sqlite_code(error) in SQLITE_CODES:
        return True
    return sqlstate(error).startswith(UNAVAILABLE_CLASSES)


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, asyncpg.ClientConfigurationError):
        return False
    # The driver may report an internal error when the server closed the connection while it was idle.
    of_connection = (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError)
    return isinstance(error, of_connection) and not _is_stale_plan(error)


def _is_stale_plan(error: BaseException) -> bool:
    """Whether a migration invalidated the prepared statement; the driver has already dropped its plan."""
    return isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError))


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Translate driver errors into errors of the core; refusals and bugs pass unchanged."""
    try:
        yield
    except errors.Refusal:
        raise
    except Exception as error:
        _hide_values(error)
        if is_unavailable(error):
            raise errors.Unavailable from error
        raise


def _hide_values(error: Exception) -> None:
    """Remove values from the driver's message: they may be contact data, and errors are logged."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None
    if isinstance(error, asyncpg.DataError) and error.severity is None:
        # The error is from the driver, not from the server: a value does not fit its parameter.
        error.args = (str(error.args[0]).partition(":")[0],)
