"""The database of an installation: open, migrate and verify."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.queries.verify import RULES, Finding, findings
from connect_appointments.store.urls import check_database_url

__all__ = [
    "Database",
    "Finding",
    "Migration",
    "SchemaMismatch",
    "check_database_url",
    "count_rules",
    "migrate",
    "open_database",
    "opened",
    "verify",
]


class SchemaMismatch(Exception):
    """The database has another schema than this program needs."""

    def __init__(self, revision: str | None, needed: str) -> None:
        """`revision` is that of the database; None when it was never migrated."""
        has = f"has schema {revision}" if revision else "has no schema yet"
        super().__init__(f"the database {has}, this program needs {needed}: run connect-appointments migrate")


class Migration(NamedTuple):
    """The revisions of a database before and after a migration, and the revision that this program needs."""

    before: str | None
    after: str | None
    needed: str


def open_database(url: str, options: DatabaseOptions) -> Database:
    """The database, not yet connected; the caller closes it."""
    return Database(url, options)


@contextlib.asynccontextmanager
async def opened(url: str, options: DatabaseOptions) -> AsyncIterator[Database]:
    """The database for the duration of the context. Raises `SchemaMismatch`."""
    database = open_database(url, options)
    try:
        revision, needed = await schema.revision(database), schema.head()
        if revision != needed:
            raise SchemaMismatch(revision, needed)
        yield database
    finally:
        await database.close()


async def migrate(url: str, options: DatabaseOptions, *, check: bool) -> Migration:
    """Migrate the database, or only compare its revision (`check`)."""
    database = open_database(url, options)
    try:
        before = await schema.revision(database)
        after = before if check else await schema.migrate(database)
        return Migration(before, after, schema.head())
    finally:
        await database.close()


async def verify(database: Database) -> Sequence[Finding]:
    """The rows that violate a rule; empty if all rules hold."""
    return await database.read(findings)


def count_rules() -> int:
    """The number of rules that `verify` checks."""
    return len(RULES)
