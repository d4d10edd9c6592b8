"""`backup` and `restore`: a copy of a SQLite database, proven before it is relied on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from connect_appointments.cli.database import check_database_url
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import counted
from connect_appointments.settings import PREFIX, SettingsError, StoreSettings, load
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.verify import findings
from connect_appointments.store.sqlite import backup as files
from connect_appointments.store.sqlite.backup import BackupError
from connect_appointments.store.sqlite.connection import path_of

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

ON_POSTGRESQL = (
    "PostgreSQL has its own programs for this, and they need no pause of the service: pg_dump and pg_restore, "
    "or pg_basebackup with archived WAL for a point in time; then migrate --check and verify. "
    "The commands, each of them tested, are in docs/operations.md under Backup and restore"
)


def backup(
    file: Annotated[Path, typer.Argument(help="What to write; it must not exist yet.")], as_json: AsJson = False
) -> None:
    """Copy the SQLite database that CONNECT_APPOINTMENTS_DATABASE_URL names, while it is in use."""
    source = _database_file()
    with _told():
        if file.exists():
            raise BackupError(f"{file} exists")
        if not source.exists():
            raise BackupError(f"{source} does not exist")
        with files.new_file(file) as partial:
            files.copy_of(source, partial)
            revision = _checked(partial)
    if as_json:
        print(json.dumps({"file": str(file), "schema": revision, "bytes": file.stat().st_size}))
    else:
        print(f"backed up {source} to {file}: schema {revision}, {counted(file.stat().st_size, 'byte')}")


def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a database, which is kept as ….replaced.")
    ] = False,
    despite_findings: Annotated[
        bool, typer.Option("--despite-findings", help="Put it in place even where `verify` finds a broken rule.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup where CONNECT_APPOINTMENTS_DATABASE_URL says, once it is proven and its schema is current."""
    target = _database_file()
    with _told():
        if not file.exists():
            raise BackupError(f"{file} does not exist")
        if files.is_there(target) and not replace:
            raise BackupError(f"{target} exists: --replace puts the backup in its place, and keeps it")
        with files.alone(target), files.new_file(target) as partial:
            files.copy_of(file, partial)
            before = _checked(partial)
            after, broken = asyncio.run(_current(partial))
            files.settle(partial)
            if broken and not despite_findings:
                raise BackupError(f"verify finds in it: {', '.join(sorted(broken))}; --despite-findings takes it so")
            if files.is_there(target):
                files.move_away(target)
    if as_json:
        print(json.dumps({"file": str(target), "before": before, "after": after, "broken": sorted(broken)}))
    else:
        print(f"restored {target} from {file}: schema {after}" + (f", migrated from {before}" * (before != after)))


def _database_file() -> Path:
    """The file of the SQLite database in the settings. Raises `CommandFailed` when it is PostgreSQL."""
    url = load(StoreSettings).database_url.get_secret_value()
    try:
        check_database_url(url)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL is wrong: {error}") from None
    if not url.startswith("sqlite:"):
        raise CommandFailed(ON_POSTGRESQL)
    return Path(path_of(url))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say in one line why nothing was done."""
    try:
        yield
    except BackupError as error:
        raise CommandFailed(f"nothing was done: {error}") from error
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        raise CommandFailed(f"nothing was done: {where}{reason}") from error


def _checked(copy: Path) -> str:
    """The revision of a copy that is whole and of this program."""
    files.check_intact(copy)
    revision = files.revision_of(copy)
    if revision is None:
        raise BackupError("it is no database of this program")
    if revision not in schema.revisions():
        raise BackupError(f"its schema {revision} is newer than this program, which knows up to {schema.head()}")
    return revision


async def _current(copy: Path) -> tuple[str, set[str]]:
    """Migrate the copy; return its revision and the rules it breaks."""
    database = Database(f"sqlite:///{copy}")
    try:
        revision = await schema.migrate(database)
        return revision, {finding.rule for finding in await database.read(findings)}
    finally:
        await database.close()
