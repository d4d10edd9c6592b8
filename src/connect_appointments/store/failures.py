"""What a driver's error means: undone and worth another try, unavailable, or a bug."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from connect_appointments.core import errors
from connect_appointments.store import postgres, sqlite

RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL undid the transaction and asks for it again."""

UNAVAILABLE_CLASSES = ("08", "53", "55", "57", "58", "25006", "XX001", "3D000", "28")
"""SQLSTATE classes of a database that cannot do its work now, rather than of a statement that is wrong."""


class LostBeforeCommit(Exception):
    """The connection broke before COMMIT was sent, so nothing was done and the work may run again."""


def sqlstate(error: BaseException) -> str:
    """The five characters by which PostgreSQL names an error, or an empty text."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None) or ""


def is_retryable(error: Exception) -> bool:
    """Whether the transaction was certainly undone and is worth another try."""
    return isinstance(error, LostBeforeCommit) or sqlstate(error) in RETRYABLE_STATES


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not do its work, as opposed to a statement that is wrong."""
    if isinstance(error, (OSError, TimeoutError, LostBeforeCommit)):
        return True
    if getattr(error, "connection_invalidated", False) or postgres.is_connection_error(error):
        return True
    state = sqlstate(error)
    return state in RETRYABLE_STATES or state.startswith(UNAVAILABLE_CLASSES) or sqlite.is_unavailable(error)


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what a driver raises into what the core knows; let what is a bug through."""
    try:
        yield
    except errors.Refusal:
        raise
    except sa.exc.TimeoutError as error:
        raise errors.Overloaded from error
    except Exception as error:
        if is_unavailable(error):
            raise errors.Unavailable from error
        raise
