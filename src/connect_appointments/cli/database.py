"""The database of a command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from connect_appointments.cli.failing import failing_on
from connect_appointments.settings import StoreSettings
from connect_appointments.usecases import databases
from connect_appointments.usecases.databases import Database, SchemaMismatch

T = TypeVar("T")


@contextlib.asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[Database]:
    """The database, closed at the end. Raises `CommandFailed` when it has another schema than this program needs."""
    url = settings.database_url.get_secret_value()
    with failing_on(SchemaMismatch):
        async with databases.opened(url, settings.database_options()) as database:
            yield database


def on_database(settings: StoreSettings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database, and return its result. Raises `CommandFailed` as `opened` does."""

    async def run() -> T:
        async with opened(settings) as database:
            return await work(database)

    return asyncio.run(run())
