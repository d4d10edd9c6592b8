"""Another transaction that holds a row, as a slow process or an operator's session would."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from connect_appointments.store.sqlite.connection import path_of


@asynccontextmanager
async def held(url: str, table: str, row_id: int) -> AsyncIterator[None]:
    """The row is held while the context lasts; on SQLite, which has no row locks, everything is."""
    if url.startswith("sqlite:"):
        writer = sqlite3.connect(path_of(url), isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            writer.close()
        return
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            query = f"SELECT id FROM {table} WHERE id = $1 FOR UPDATE"  # noqa: S608 - a table of ours
            assert await connection.fetchval(query, row_id) == row_id
            yield
    finally:
        await connection.close()
