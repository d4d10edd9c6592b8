"""The database of a command."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import PREFIX, SettingsError, StoreSettings
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.hosts import hosts_of

HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")


def check_database_url(url: str) -> None:
    """Raise ValueError when no driver can read the URL; the message has no part of the URL."""
    if re.match(r"sqlite:///.", url):
        return
    if not re.match(r"postgres(ql)?://.", url):
        raise ValueError("it must begin with postgresql:// or sqlite:///")
    places = (re.split("[/?]", one.partition("://")[2])[0] for one in hosts_of(url).urls)
    if not all(HOST.fullmatch(place.rpartition("@")[2]) for place in places):
        raise ValueError("its port is not a number; a password's / ? # @ : are written %2F %3F %23 %40 %3A")


def open_database(settings: StoreSettings) -> Database:
    """The database, not yet connected. Raises `SettingsError` when no driver can read its URL."""
    url = settings.database_url.get_secret_value()
    try:
        check_database_url(url)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL is wrong: {error}") from None
    options = DatabaseOptions(
        pool_size=settings.pool_size,
        lock_timeout_seconds=settings.lock_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        statement_cache=settings.statement_cache,
    )
    return Database(url, options)


@contextlib.asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[Database]:
    """The database with the current schema, closed at the end. Raises `CommandFailed` on another schema."""
    database = open_database(settings)
    try:
        await check_schema(database)
        yield database
    finally:
        await database.close()


async def check_schema(database: Database) -> None:
    """Raise `CommandFailed` unless the schema of the database is current."""
    found, wanted = await schema.revision(database), schema.head()
    if found != wanted:
        have = f"has schema {found}" if found else "has no schema yet"
        raise CommandFailed(f"the database {have}, this program needs {wanted}: run connect-appointments migrate")
