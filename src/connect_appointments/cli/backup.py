"""`backup` and `restore`: copy a SQLite database and check the copy."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import AsJson, counted
from connect_appointments.core.errors import BackupError
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import backups

ON_POSTGRESQL = (
    "this command is for SQLite. Back up PostgreSQL with pg_dump and pg_restore, or with pg_basebackup and archived "
    "WAL for a point in time; the service keeps running. The commands are in docs/operations.md, Backup and restore"
)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")], as_json: AsJson = False
) -> None:
    """Copy a SQLite database while the service uses it.

    CONNECT_APPOINTMENTS_DATABASE_URL names the database.
    """
    source = _database_file()
    with _one_line_errors():
        revision = backups.back_up(source, file)
    if as_json:
        print(json.dumps({"file": str(file), "schema": revision, "bytes": file.stat().st_size}))
    else:
        print(f"backed up {source} to {file}: schema {revision}, {counted(file.stat().st_size, 'byte')}")


def restore(
    file: Annotated[Path, typer.Argument(help="The file that `backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing database; the old file is kept as ….replaced.")
    ] = False,
    despite_findings: Annotated[
        bool, typer.Option("--despite-findings", help="Restore even when `verify` finds a broken rule.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a backup, migrate it, and restore it as the SQLite database.

    CONNECT_APPOINTMENTS_DATABASE_URL names the database.
    """
    target = _database_file()
    with _one_line_errors():
        before, after, broken = backups.restore(file, target, replace=replace, despite_findings=despite_findings)
    if as_json:
        print(json.dumps({"file": str(target), "before": before, "after": after, "broken": sorted(broken)}))
    else:
        print(f"restored {target} from {file}: schema {after}" + (f", migrated from {before}" * (before != after)))


def _database_file() -> Path:
    """The file of the SQLite database in the settings. Raises `CommandFailed` when it is PostgreSQL."""
    scheme, _, path = load(StoreSettings).database_url.get_secret_value().partition(":///")
    if scheme != "sqlite":
        raise CommandFailed(ON_POSTGRESQL)
    return Path(path)


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn an error into one line that names its reason."""
    try:
        yield
    except BackupError as error:
        raise CommandFailed(f"nothing was done: {error}") from error
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        raise CommandFailed(f"nothing was done: {where}{reason}") from error
