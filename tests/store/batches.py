"""Group commit without a database: work whose course the test decides, and an engine that only runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.transaction import Work


class Command(NamedTuple):
    """A command: equal ones are one."""

    id: int
    owner: str = "alice"

    @property
    def key(self) -> tuple[int, str]:
        return self


class RunDirectly:
    """An engine without a database. The retries of `Database` are around it, as around every engine."""

    async def read(self, work: Work[Any], *, batch: bool) -> Any:  # noqa: ARG002 - it has no connections
        return await work(self)

    async def write(self, work: Work[Any], *, batch: bool, one_statement: bool) -> Any:  # noqa: ARG002 - likewise
        return await work(self)


def without_transactions(**options: Any) -> Database:
    """A database whose work runs as it is."""
    database = Database("sqlite:///nowhere", DatabaseOptions(**options))
    database._engine = RunDirectly()
    return database


class Script:
    """What batches do: it notes them, waits for its gate, fails as it is told, and answers `done <id>`.

    locked: the ids whose rows another transaction has locked.
    alone: the commands that ran alone, waiting for their rows.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.open = asyncio.Event()
        self.open.set()
        self.unlocked = asyncio.Event()
        self.locked: set[int] = set()
        self.fail: Callable[[Sequence[Command]], Exception | None] = lambda _: None

    async def __call__(self, _: Any, commands: Sequence[Command], /, *, wait: bool) -> list[Any]:
        if wait:
            return await self._run_alone(commands)
        self.batches.append([command.id for command in commands])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.open.wait()
        self.in_flight -= 1
        failure = self.fail(commands)
        if failure is not None:
            raise failure
        return [ROW_LOCKED if command.id in self.locked else f"done {command.id}" for command in commands]

    async def _run_alone(self, commands: Sequence[Command]) -> list[Any]:
        (command,) = commands
        self.alone.append(command.id)
        await self.unlocked.wait()
        failure = self.fail(commands)
        if failure is not None:
            raise failure
        return [f"waited {command.id}"]


async def spin() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)
