"""Connections to a SQLite file that is accessible to its user only."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import stamina

from connect_appointments.store.sqlite import kept_rows

URL = "sqlite:///"
OWNER_ONLY = 0o600


def path_of(url: str) -> str:
    """The file of a `sqlite:///path` URL."""
    return url.removeprefix(URL)


def beside(path: Path) -> list[Path]:
    """The files that SQLite creates beside a database."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]


def make_private(path: Path) -> None:
    """Revoke all permissions of other users on an existing database and on the files beside it."""
    for file in (path, *beside(path)):
        if file.exists():
            file.chmod(OWNER_ONLY)


def connect(url: str, timeout_seconds: float) -> sqlite3.Connection:
    """Open a durable, concurrent and strict connection with manual transaction control.

    A new database file, and the files that SQLite creates beside it, are accessible to their user only.
    """
    path = path_of(url)
    _make(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection, timeout_seconds)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: str) -> None:
    """Create an empty file, unless it exists.

    An existing file is never opened here: closing it would release all locks that SQLite holds on it in this process.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


def _set_up(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(timeout_seconds * 1000)}")
    # On a new file with several concurrent openers, SQLite raises "locked" here and ignores busy_timeout.
    for attempt in stamina.retry_context(
        on=sqlite3.OperationalError, attempts=None, timeout=timeout_seconds, wait_initial=0.002, wait_max=0.02
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    for definition in kept_rows.DEFINITIONS:
        connection.execute(definition)
