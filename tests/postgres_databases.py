"""Databases of one PostgreSQL server: a test borrows one, and it is emptied for the next, sooner than one is made."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import asyncpg

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from tests.throwaway_postgres import Server

TEMPLATE = "template_of_tests"
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
RESTART_SEQUENCES = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
WITHOUT_TRIGGERS = {"session_replication_role": "replica"}  # one of them keeps events from being deleted
THIS_DATABASE = "SELECT oid FROM pg_database WHERE datname = current_database()"
CATALOGUES = ("attrdef", "attribute", "constraint", "index", "proc", "sequence", "statistic", "trigger")
# A row added to, changed in or deleted from a catalogue alters its count or its sum; emptying a table alters neither.
SHAPE = " UNION ALL ".join(
    [
        "SELECT 'class' AS name, count(*), sum(oid::bigint) FROM pg_class WHERE relpersistence <> 't'",
        f"SELECT setconfig::text, 0, 0 FROM pg_db_role_setting WHERE setdatabase = ({THIS_DATABASE})",  # noqa: S608
        *(f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM pg_{name}" for name in CATALOGUES),  # noqa: S608
    ]
)

Shape = list[tuple[Any, ...]]


class Kind(NamedTuple):
    """What a database is a copy of, and the settings that it was made with."""

    template: str
    settings: tuple[str, ...]


class Databases:
    """The databases of the tests on one server, by their kind."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: dict[Kind, list[tuple[str, Shape]]] = defaultdict(list)
        self._first_rows: dict[str, list[Any]] = {}

    async def make_template(self) -> None:
        """Make and migrate the database that all others are copies of."""
        await self._administer(f"CREATE DATABASE {TEMPLATE}")
        database = Database(self._server.url(TEMPLATE))
        await schema.migrate(database)
        await database.close()
        connection = await asyncpg.connect(self._server.url(TEMPLATE))
        for (table,) in await connection.fetch(TABLES):
            self._first_rows[table] = await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608 - a table of ours
        await connection.close()

    @contextmanager
    def lend(self, *settings: str) -> Iterator[str]:
        """Give the URL of a migrated database without rows, with settings such as "work_mem = '1MB'"."""
        with self._lent(Kind(TEMPLATE, settings)) as url:
            yield url

    @contextmanager
    def lend_empty(self, *settings: str) -> Iterator[str]:
        """Give the URL of a database that was never migrated."""
        with self._lent(Kind("template0", settings)) as url:
            yield url

    @contextmanager
    def _lent(self, kind: Kind) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex}"
        shape = asyncio.run(self._provide(name, kind))
        yield self._server.url(name)
        asyncio.run(self._take_back(name, kind, shape))

    async def _provide(self, name: str, kind: Kind) -> Shape:
        if self._idle[kind]:
            last, shape = self._idle[kind].pop()
            # The new name keeps out a program of an earlier test that did not end.
            await self._administer(f"ALTER DATABASE {last} RENAME TO {name}")
            return shape
        await self._administer(
            f"CREATE DATABASE {name} TEMPLATE {kind.template}",
            *(f"ALTER DATABASE {name} SET {one}" for one in kind.settings),
        )
        connection = await asyncpg.connect(self._server.url(name))
        shape = await _shape(connection)
        await connection.close()
        return shape

    async def _take_back(self, name: str, kind: Kind, shape: Shape) -> None:
        if await self._is_restored(name, kind, shape):
            self._idle[kind].append((name, shape))
        else:
            await self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _is_restored(self, name: str, kind: Kind, shape: Shape) -> bool:
        """Whether a database is as it was lent: without a row, and nothing else changed in it."""
        try:
            connection = await asyncpg.connect(self._server.url(name), server_settings=WITHOUT_TRIGGERS)
        except asyncpg.PostgresError:
            return False
        try:
            await connection.execute(END_OTHERS)
            if kind.template != TEMPLATE:
                await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            if await _shape(connection) != shape:
                return False
            if kind.template == TEMPLATE:
                await self._empty(connection)
        finally:
            await connection.close()
        return True

    async def _empty(self, connection: Any) -> None:
        written = [table for (table,) in await connection.fetch(f"{TABLES} AND pg_relation_size(oid) > 0")]
        await connection.execute(f"TRUNCATE {', '.join(written)} CASCADE")
        await connection.execute(f"{RESTART_SEQUENCES}; SELECT pg_stat_reset()")
        for table in written:
            if self._first_rows[table]:
                await connection.copy_records_to_table(table, records=self._first_rows[table])

    async def _administer(self, *statements: str) -> None:
        connection = await asyncpg.connect(self._server.url("postgres"))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()


async def _shape(connection: Any) -> Shape:
    return sorted(tuple(row) for row in await connection.fetch(SHAPE))
