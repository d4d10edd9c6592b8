"""The database a command works on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from connect_appointments.commands.failing import CommandFailed
from connect_appointments.settings import StoreSettings
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions


def open_database(settings: StoreSettings) -> Database:
    """The database, not yet connected to."""
    options = DatabaseOptions(
        pool_size=settings.pool_size,
        lock_timeout_seconds=settings.lock_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        statement_cache=settings.statement_cache,
    )
    return Database(settings.database_url.get_secret_value(), options)


@contextlib.asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[Database]:
    """The database, with the schema this program needs, closed at the end. Raises `CommandFailed` on another schema."""
    database = open_database(settings)
    try:
        await check_schema(database)
        yield database
    finally:
        await database.close()


async def check_schema(database: Database) -> None:
    """Raise `CommandFailed` unless the database has the schema this program is written for."""
    found, wanted = await schema.revision(database), schema.head()
    if found != wanted:
        have = f"has schema {found}" if found else "has no schema yet"
        raise CommandFailed(f"the database {have}, this program needs {wanted}: run connect-appointments migrate")
