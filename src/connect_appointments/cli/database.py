"""The database of a command."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import StoreSettings
from connect_appointments.usecases import databases
from connect_appointments.usecases.databases import Database, SchemaMismatch


@contextlib.asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[Database]:
    """The database, closed at the end. Raises `CommandFailed` when it has another schema than this program needs."""
    async with contextlib.AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value()
        try:
            database = await stack.enter_async_context(databases.opened(url, settings.database_options()))
        except SchemaMismatch as error:
            raise CommandFailed(str(error)) from error
        yield database
