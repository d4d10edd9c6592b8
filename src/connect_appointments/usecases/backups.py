"""Backups of a SQLite database: copied while the database is in use, checked, and restored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from connect_appointments.core.errors import BackupError
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.verify import findings
from connect_appointments.store.sqlite import backup as files


class Restored(NamedTuple):
    """The revisions of a backup before and after its migration, and the rules of `verify` that the backup violates."""

    before: str
    after: str
    broken: set[str]


def back_up(source: Path, file: Path) -> str:
    """Copy a database to a new file; return its revision. Raises `BackupError`, `OSError`, `sqlite3.Error`."""
    if file.exists():
        raise BackupError(f"{file} exists")
    if not source.exists():
        raise BackupError(f"{source} does not exist")
    with files.new_file(file) as partial:
        files.copy_of(source, partial)
        return _checked(partial)


def restore(file: Path, target: Path, *, replace: bool, despite_findings: bool) -> Restored:
    """Check a backup, migrate it, and put it in the place of a database, which is renamed and kept.

    replace: allow a database in that place.
    despite_findings: allow a backup that violates a rule of `verify`.
    Raises `BackupError`, `OSError`, `sqlite3.Error`.
    """
    if not file.exists():
        raise BackupError(f"{file} does not exist")
    if files.is_there(target) and not replace:
        raise BackupError(f"{target} exists: --replace replaces it, and keeps the old file")
    with files.alone(target), files.new_file(target) as partial:
        files.copy_of(file, partial)
        before = _checked(partial)
        after, broken = asyncio.run(_migrate(partial))
        files.settle(partial)
        if broken and not despite_findings:
            raise BackupError(
                f"the backup breaks rules of verify: {', '.join(sorted(broken))}; --despite-findings restores it"
            )
        if files.is_there(target):
            files.move_away(target)
    return Restored(before, after, broken)


def _checked(copy: Path) -> str:
    """The schema revision of an intact copy that this program can migrate."""
    files.check_intact(copy)
    revision = files.revision_of(copy)
    if revision is None:
        raise BackupError("the file is not a database of this program")
    if revision not in schema.revisions():
        raise BackupError(f"schema {revision} of the file is newer than this program, which needs {schema.head()}")
    return revision


async def _migrate(copy: Path) -> tuple[str, set[str]]:
    """Migrate the copy; return its schema revision and the rules that it violates."""
    database = Database(f"sqlite:///{copy}")
    try:
        revision = await schema.migrate(database)
        return revision, {finding.rule for finding in await database.read(findings)}
    finally:
        await database.close()
