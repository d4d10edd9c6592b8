"""The servers and databases of one bench, each made at its first use and stopped at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from bench.load import Load, run_wrk
from bench.plan import PEAK_CONNECTIONS, READABLE_ROWS
from bench.postgres import PostgresStore
from bench.sqlite import SqliteStore
from bench.systems import (
    DEFAULT,
    DEFAULT_2,
    RAW,
    RAW_SERVICE,
    SERVICE,
    SERVICE_2,
    SERVICE_SQLITE,
    Launcher,
    Served,
)
from tests.throwaway_postgres import Server

EMPTY_DATABASE = "postgres"


class Fleet:
    """Servers by name.

    Each has a database of its own: two servers on one database would do each other's background work.
    """

    def __init__(
        self, launcher: Launcher, server: Server, stack: contextlib.ExitStack, say: Callable[[str], None]
    ) -> None:
        self.launcher = launcher
        self.server = server
        self._stack = stack
        self._say = say
        self._stores: dict[str, PostgresStore] = {}
        self._databases = 0
        self._served: dict[str, Served] = {}

    def __getitem__(self, name: str) -> Served:
        """The server of this name, warm."""
        if name not in self._served:
            served = self._stack.enter_context(self._start(name))
            self._warm_up(served)
            self._served[name] = served
            self._say(f"{name} is warm")
        return self._served[name]

    def _start(self, name: str) -> contextlib.AbstractContextManager[Served]:
        launcher = self.launcher
        if name in {RAW, RAW_SERVICE}:
            return launcher.raw(name)
        if name == SERVICE_SQLITE:
            embedded = self.new_sqlite("service")
            return launcher.service(name, embedded, embedded.url)
        processes = 2 if name in {SERVICE_2, DEFAULT_2} else 1
        store = self.postgres(name)
        start = launcher.default_stack if name in {DEFAULT, DEFAULT_2} else launcher.service
        return start(name, store, store.url, processes=processes)

    def _warm_up(self, served: Served) -> None:
        """Open its connections to the database and fill its caches with a second of load."""
        if served.store is not None:
            served.store.reset(READABLE_ROWS)
        run_wrk(served.port, PEAK_CONNECTIONS, 1, Load(READABLE_ROWS, self.launcher.tokens.callers, cycle=True))

    def postgres(self, name: str = SERVICE) -> PostgresStore:
        """The PostgreSQL database of a system, migrated and with one appointment-request."""
        if name not in self._stores:
            self._databases += 1
            database = f"bench{self._databases}"
            PostgresStore(self.server.url(EMPTY_DATABASE), self._say).create_database(database)
            store = PostgresStore(self.server.url(database), self._say)
            is_peer = name in {DEFAULT, DEFAULT_2}
            (self.launcher.migrate_default_stack if is_peer else self.launcher.migrate_service)(store.url)
            store.reset(1)
            self._stores[name] = store
        return self._stores[name]

    def new_sqlite(self, name: str) -> SqliteStore:
        """A new SQLite database, migrated and with one appointment-request."""
        path: Path = self.launcher.folder / f"{name}.sqlite"
        store = SqliteStore(path)
        self.launcher.migrate_service(store.url)
        store.reset(1)
        return store

    def uses_postgres(self, served: Served) -> bool:
        """Whether its processor time in the database is to be seen."""
        return isinstance(served.store, PostgresStore)
