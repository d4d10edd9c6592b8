"""Copies of a SQLite database: made while it is in use, and put in the place of another, all or nothing."""

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
"""Length and place of the bytes on which SQLite's locks are; every open connection shares one of them."""


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, for its owner alone; at the end it is durable and bears that name.

    Raises `BackupError` when there is something of that name by then. Whatever is raised inside leaves nothing behind.
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
    # Not a rename, which would put it in the place of what has come there meanwhile.
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
    """A connection to a file that nobody else has open."""
    return sqlite3.connect(path, isolation_level=None)


def settle(path: Path) -> None:
    """Put all of a database that nobody has open into its one file. Raises `BackupError` when it cannot be."""
    with contextlib.closing(connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise BackupError(f"{path} is still in use")


def copy_of(source: Path, target: Path) -> None:
    """Write what `source` holds at this moment, while others go on changing it, to the empty file `target`.

    Raises `BackupError` when either cannot be read or written.
    """
    uri = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as old, contextlib.closing(connect(target)) as new:
            # All in one step: between two, a change would make it begin again, for ever under load.
            old.backup(new, pages=-1)
        settle(target)
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}") from error


def check_intact(path: Path) -> None:
    """Raise `BackupError` unless every page and every reference of the database holds together."""
    try:
        with contextlib.closing(connect(path)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"it is damaged: {error}") from error
    if said != "ok":
        raise BackupError(f"it is damaged: {' '.join(said.split())}")
    if dangling is not None:
        raise BackupError(f"it is damaged: a row of {dangling[0]} refers to none that is there")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process out of the database while the context lasts; nothing where there is no such file.

    Raises `BackupError` when a process has it open. Works on a damaged file as well.
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
    """Whether there is a database, or what one left beside it, which would be taken for a part of the next."""
    return any(name.exists() for name in (path, *beside(path)))


def move_away(path: Path) -> None:
    """Call a database, with what SQLite keeps beside it, `….replaced`.

    Raises `BackupError` when something is called so already.
    """
    kept = path.with_name(f"{path.name}.replaced")
    if is_there(kept):
        raise BackupError(f"{kept} exists: it is what an earlier restore replaced, move it away first")
    # The database first: without its log it would look whole, and be an older one.
    for old, new in zip((path, *beside(path)), (kept, *beside(kept)), strict=True):
        if old.exists():
            old.rename(new)


def revision_of(path: Path) -> str | None:
    """The schema's revision in a database file that nobody has open; None when it has none."""
    with contextlib.closing(connect(path)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(found[0]) if found else None
