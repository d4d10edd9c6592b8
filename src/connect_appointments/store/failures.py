"""What a driver's error means: rolled back and worth a retry, unavailable, or a bug."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import NoReturn

import asyncpg

from connect_appointments.core import errors

RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL undid the transaction and asks for it again."""

UNAVAILABLE_CLASSES = ("08", "28", "3D000", "40", "53", "55", "57", "58", "25006", "25P03", "XX001", "XX002")
"""SQLSTATE classes of a database that cannot do its work now, rather than of a statement that is wrong."""

LOST_CLASSES = ("08", "57P", "25006", "25P03")
"""Those after which this connection is of no more use: broken, ended by the server, or of a server that only reads."""

OUT_OF_TIME = frozenset({"55P03", "57014"})
"""`lock_timeout` and `statement_timeout`: the database had its chance, and would need as long again."""


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
"""The same of SQLite: its primary result codes."""


class LostBeforeCommit(Exception):
    """The connection broke before COMMIT was sent, so nothing was done and the work may run again."""


def sqlstate(error: BaseException) -> str:
    """The five characters by which PostgreSQL names an error, or an empty text."""
    return getattr(error, "sqlstate", None) or ""


def is_retryable(error: Exception) -> bool:
    """Whether the transaction was certainly undone and is worth another try."""
    if isinstance(error, LostBeforeCommit) or _is_stale_plan(error):
        return True
    return sqlstate(error) in RETRYABLE_STATES


def is_out_of_time(error: BaseException | None) -> bool:
    """Whether a time limit ended the work, so that trying again at once would only wait as long again."""
    return error is not None and (isinstance(error, TimeoutError) or sqlstate(error) in OUT_OF_TIME)


def breaks_connection(error: BaseException) -> bool:
    """Whether the connection on which this happened is of no more use."""
    if _is_connection_error(error) or isinstance(error, (ConnectionError, TimeoutError)):
        return True
    return sqlstate(error).startswith(LOST_CLASSES)


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not do its work, as opposed to a statement that is wrong."""
    if isinstance(error, (OSError, TimeoutError, LostBeforeCommit)):
        return True
    if breaks_connection(error) or _is_unavailable_sqlite(error):
        return True
    return sqlstate(error).startswith(UNAVAILABLE_CLASSES)


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, asyncpg.ClientConfigurationError):
        return False
    # An internal error is how the driver may notice that the server ended the connection while nobody used it.
    of_connection = (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError)
    return isinstance(error, of_connection) and not _is_stale_plan(error)


def _is_stale_plan(error: BaseException) -> bool:
    """Whether a migration ran since the statement was prepared; the driver has dropped its plan by now."""
    return isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError))


def _is_unavailable_sqlite(error: BaseException) -> bool:
    # The low byte is the primary code, the rest says more.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_CODES


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what a driver raises into what the core knows; let what is a bug through."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it is raised again
        raise_translated(error)


def raise_translated(error: Exception) -> NoReturn:
    """Raise what the core knows of a driver's error, or the error itself where it is a refusal or a bug."""
    if isinstance(error, errors.Refusal):
        raise error
    _hide_values(error)
    if is_unavailable(error):
        raise errors.Unavailable from error
    raise error


def _hide_values(error: Exception) -> None:
    """Take the values out of what a driver says: they may be contact data, and errors are logged."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None
    if isinstance(error, asyncpg.DataError) and error.severity is None:
        # Not from the server, but from the driver: a value does not fit its parameter.
        error.args = (str(error.args[0]).partition(":")[0],)
