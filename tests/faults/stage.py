"""What the faults happen to: a database with orders and capacity, and the processes of the service on it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from connect_appointments.core.model import Site
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.build import ALICE, BOB, ISSUER, Issuer, days_from, sample_order, set_places
from tests.throwaway_postgres import Server, free_port, running_postgres

from .process import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

PROGRAM = str(Path(sys.executable).parent / "connect-appointments")
SERVE = (PROGRAM, "serve")
PREFIX = "CONNECT_APPOINTMENTS_"
OWNERS = {ALICE: range(1, 1_000_000), BOB: range(1_000_001, 2_000_000)}
"""Among which numbers the orders of each owner are."""
AREAS = [f"area-{number}" for number in range(4)]
DAYS = 40
SHORT_LEASE = {"LEASE_SECONDS": "2"}
"""So that what a killed process had begun is soon taken up by another."""


class Serving(Process):
    """A server of the service."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, url: str) -> None:
        """`url`: where it is reached."""
        super().__init__(command, environment, log, "serving on")
        self.url = url


@functools.cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    """Where all processes of a run keep what Python compiles: a start that compiles takes three times as long."""
    return tempfile.TemporaryDirectory(prefix="connect-faults-bytecode-")


@functools.cache
def _issuer() -> Issuer:
    """One for all stages of a run: a key takes a moment to make."""
    return Issuer()


P = TypeVar("P", bound=Process)


@dataclass
class Stage:
    """One database, and what runs on it.

    server: None on SQLite.
    database_url: the database itself, nothing in between.
    orders: how many each owner has.
    settings: of every process, without the prefix of the variables.
    """

    folder: Path
    database_url: str
    server: Server | None
    orders: int
    settings: dict[str, str] = field(default_factory=dict)
    issuer: Issuer = field(default_factory=_issuer)
    started: list[Process] = field(default_factory=list)

    @property
    def postgres(self) -> Server:
        """The PostgreSQL; raises RuntimeError on SQLite."""
        if self.server is None:
            raise RuntimeError("this stage is on SQLite")
        return self.server

    @property
    def urls(self) -> list[str]:
        """Where each server of the service is reached."""
        return [process.url for process in self.started if isinstance(process, Serving)]

    def order_ids(self, owner: str) -> range:
        """The ids of an owner's orders."""
        first = OWNERS[owner].start
        return range(first, first + self.orders)

    def token(self, owner: str) -> str:
        """An access token that outlives the run."""
        return self.issuer.token(owner, exp=int(datetime.now(UTC).timestamp()) + 86_400)

    async def serve(self, *arguments: str, command: Sequence[str] = SERVE, **settings: str) -> Serving:
        """Start one more server of the service, with settings of its own."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        values = {"LISTEN_PORT": str(port), "PUBLIC_URL": url, **settings}
        process = Serving([*command, *arguments], self.environment(**values), self.log("serve"), url)
        return await self._start(process)

    async def serve_in_two(self, *arguments: str, command: Sequence[str] = SERVE, **settings: str) -> Serving:
        """Start one more server of the service, of two processes on one port."""
        return await self.serve("--processes", "2", *arguments, command=command, **settings)

    async def work(self, variables: Mapping[str, str] | None = None, **settings: str) -> Process:
        """Start one more worker; `variables` are of its environment, and no settings of ours."""
        environment = self.environment(**settings) | dict(variables or {})
        return await self._start(Process([PROGRAM, "work"], environment, self.log("work"), "working"))

    async def _start(self, process: P) -> P:
        self.started.append(process)
        await process.start()
        return process

    def log(self, name: str) -> Path:
        """Where a new process logs to."""
        return self.folder / f"{name}-{len(self.started)}.log"

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a process: settings, given here or for all, and nothing of our own service's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        kept["PYTHONPYCACHEPREFIX"] = _bytecode().name
        chosen = {
            "DATABASE_URL": self.database_url,
            "ISSUER": ISSUER,
            "JWKS_FILE": str(self.folder / "jwks.json"),
            "AUDIENCE": "any",
            **self.settings,
            **settings,
        }
        return {**kept, **{PREFIX + name: value for name, value in chosen.items()}}

    async def fill(self, places: int) -> None:
        """Make the schema, then import orders and capacity."""
        jwks = {"keys": self.issuer.jwks()}
        (self.folder / "jwks.json").write_text(json.dumps(jwks), encoding="utf-8")
        found = [
            sample_order(number, owner, site=Site("Australia/Brisbane", "QLD", AREAS[number % len(AREAS)]))
            for owner in OWNERS
            for number in self.order_ids(owner)
        ]
        async with self.database() as database:
            await schema.migrate(database)
            await database.write(lambda connection: orders.upsert(connection, found))
            for area in AREAS:
                await set_places(database, places, days_from(datetime.now(UTC), DAYS), area)

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The harness's own connections."""
        database = Database(self.database_url)
        try:
            yield database
        finally:
            await database.close()

    async def end(self) -> None:
        """Kill whatever still runs."""
        for process in self.started:
            await process.kill()


@contextlib.asynccontextmanager
async def open_stage(
    engine: str = "postgresql",
    *,
    orders: int = 500,
    places: int = 100_000,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """A stage of one's own, filled, and taken down at the end whatever runs on it.

    orders: how many each owner has. places: of each window of each area.
    settings: of every process, without the prefix of the variables; None adds none.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-faults-")))
        if engine == "sqlite":
            stage = Stage(folder, f"sqlite:///{folder / 'connect.db'}", None, orders, dict(settings or {}))
        else:
            server = stack.enter_context(running_postgres(durable=True, databases=["connect"]))
            stage = Stage(folder, server.url("connect"), server, orders, dict(settings or {}))
        stack.push_async_callback(stage.end)
        await stage.fill(places)
        yield stage
