"""The schema's migrations: migrate a database, or read its revision.

Alembic renders the migrations as SQL text and the async driver runs it, so that no second driver is needed.
"""

from __future__ import annotations

import io
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from connect_appointments.store.archive_tables import ARCHIVE
from connect_appointments.store.engine import Database
from connect_appointments.store.sqlite.connection import make_private, path_of
from connect_appointments.store.transaction import Transaction, first

__all__ = ["ARCHIVE", "head", "migrate", "revision", "revisions"]

MIGRATION_LOCK = 20361122
"""The advisory lock on PostgreSQL that serializes migrations."""

_REVISION = sa.text("SELECT version_num FROM alembic_version")
_TABLE = {
    "postgresql": sa.text("SELECT to_regclass('alembic_version') IS NOT NULL AS found"),
    "sqlite": sa.text("SELECT count(*) AS found FROM sqlite_master WHERE name = 'alembic_version'"),
}
_BEFORE = {
    # The snapshot must include the changes of a migration that held the lock before.
    "postgresql": f"""
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SET LOCAL lock_timeout = 0;
        SET LOCAL statement_timeout = 0;
        SELECT pg_advisory_xact_lock({MIGRATION_LOCK});
    """,
    # While a table is rebuilt, references to it are briefly invalid.
    "sqlite": "PRAGMA defer_foreign_keys = ON;",
}


def _config(output: io.StringIO | None = None, dialect: str = "") -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["dialect"] = dialect
    return config


def head() -> str:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revisions() -> list[str]:
    """Every revision from which this program can migrate, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


async def revision(database: Database) -> str | None:
    """The revision of the database; None if it was never migrated."""
    if _has_no_file(database):
        return None
    return await database.read(_revision)


async def _revision(transaction: Transaction) -> str | None:
    table = await first(transaction, _TABLE[transaction.dialect])
    if table is None or not table.found:
        return None
    row = await first(transaction, _REVISION)
    return None if row is None else str(row.version_num)


def _has_no_file(database: Database) -> bool:
    """Whether the file of a SQLite database is missing: opening it would create an empty file."""
    return database.is_sqlite and not Path(path_of(database.url)).exists()


async def migrate(database: Database, target: str = "head") -> str:
    """Migrate the schema to `target` in one transaction, after any concurrent migration; return the revision."""

    async def work(transaction: Transaction) -> str:
        await transaction.script(_BEFORE[transaction.dialect])
        script = _script(transaction.dialect, await _revision(transaction), target)
        if script:
            await transaction.script(script)
        return await _revision(transaction) or ""

    if database.is_sqlite:
        make_private(Path(path_of(database.url)))
    return await database.write(work)


def _script(dialect: str, before: str | None, target: str) -> str:
    """The SQL text of the migrations between two revisions; empty if there are none."""
    if before == (head() if target == "head" else target):
        return ""
    output = io.StringIO()
    command.upgrade(_config(output, dialect), f"{before or 'base'}:{target}", sql=True)
    return output.getvalue()
