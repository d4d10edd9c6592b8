"""The schema's migrations: bring a database up to date, or tell whether it is."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.store.engine import Database
from connect_appointments.store.sqlite import path_of

MIGRATION_LOCK = 20361122
"""The advisory lock under which PostgreSQL lets one migration run at a time."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str:
    """The revision this program is written for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revisions() -> list[str]:
    """Every revision from which this program knows the way to its own, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


async def revision(database: Database) -> str | None:
    """The revision the database has; None when it was never migrated."""
    if _has_no_file(database):
        return None

    async def work(connection: AsyncConnection) -> str | None:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())

    return await database.read(work)


def _has_no_file(database: Database) -> bool:
    """Whether it is a SQLite database that nobody has made: to look into it would make an empty file."""
    return database.is_sqlite and not Path(path_of(database.url)).exists()


async def migrate(database: Database, target: str = "head") -> str:
    """Bring the schema up to `target`, in one transaction, waiting for a migration under way; return the revision."""

    async def work(connection: AsyncConnection) -> str:
        if not database.is_sqlite:
            # What another migration did while this one waited for the lock must be seen.
            await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))
            await connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        return await connection.run_sync(_upgrade, target)

    return await database.write(work)


def _upgrade(connection: sa.Connection, target: str) -> str:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)
    return MigrationContext.configure(connection).get_current_revision() or ""
