"""Copies of a SQLite database: made while it is in use, and atomically put in the place of another database."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from connect_appointments.core.errors import BackupError
from connect_appointments.store.sqlite.connection import beside

LOCK_BYTES = (512, 0x40000000)
"""Length and offset of the bytes that SQLite locks; every open connection has a shared lock on one of them."""


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, readable by its owner only; at the end it is synced and linked as `path`.

    Raises `BackupError` if `path` exists by then. If an exception is raised inside the context, the file is deleted.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield partial
        _flush(partial)
        _name(partial, path)
    finally:
        for name in (partial, *beside(partial)):
            name.unlink(missing_ok=True)
    _flush(path.parent)


def _name(partial: Path, path: Path) -> None:
    # Not a rename, which would overwrite a file created at this path meanwhile.
    try:
        path.hardlink_to(partial)
    except FileExistsError as error:
        raise BackupError(f"{path} exists") from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that no other process has open."""
    return sqlite3.connect(path, isolation_level=None)


def settle(path: Path) -> None:
    """Merge the write-ahead log of an unused database into its main file. Raises `BackupError` on failure."""
    with contextlib.closing(connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise BackupError(f"{path} is still in use")


def copy_of(source: Path, target: Path) -> None:
    """Write a snapshot of `source`, which may be in use, to the empty file `target`.

    Raises `BackupError` when either file cannot be read or written.
    """
    uri = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as old, contextlib.closing(connect(target)) as new:
            # All pages in one step: a change between two steps would restart the copy, endlessly under load.
            old.backup(new, pages=-1)
        settle(target)
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}") from error


def check_intact(path: Path) -> None:
    """Raise `BackupError` unless the integrity check and the foreign key check of the database succeed."""
    try:
        with contextlib.closing(connect(path)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"it is damaged: {error}") from error
    if said != "ok":
        raise BackupError(f"it is damaged: {' '.join(said.split())}")
    if dangling is not None:
        raise BackupError(f"it is damaged: a row of {dangling[0]} refers to a missing row")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lock every other process out of the database for the duration of the context; no-op if the file is missing.

    Raises `BackupError` when a process has the database open. Works on a damaged file as well.
    """
    if not path.exists():
        yield
        return
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, *LOCK_BYTES)
        except OSError as error:
            raise BackupError(f"{path} is open in another process: stop it first") from error
        yield


def is_there(path: Path) -> bool:
    """Whether there is a database, or a leftover journal of one, which SQLite would apply to the next database."""
    return any(name.exists() for name in (path, *beside(path)))


def move_away(path: Path) -> None:
    """Rename a database and SQLite's files beside it to `….replaced`.

    Raises `BackupError` if a file of that name exists.
    """
    kept = path.with_name(f"{path.name}.replaced")
    if is_there(kept):
        raise BackupError(f"{kept} exists, from an earlier restore: move it away first")
    # The database file first: without its log, it would look intact but lack the latest commits.
    for old, new in zip((path, *beside(path)), (kept, *beside(kept)), strict=True):
        if old.exists():
            old.rename(new)


def revision_of(path: Path) -> str | None:
    """The schema revision of a database file that no process has open; None if it was never migrated."""
    with contextlib.closing(connect(path)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(found[0]) if found else None
