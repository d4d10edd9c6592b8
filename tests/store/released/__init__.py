"""Databases as each released schema left them, with data in it: one SQL text for each revision and engine."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import asyncpg

from connect_appointments.store.sqlite.connection import path_of

FOLDER = Path(__file__).parent


def text_of(revision: str, engine: str) -> Path:
    """The file that holds a database of that revision."""
    return FOLDER / f"{revision}.{engine}.sql"


async def load(revision: str, url: str) -> None:
    """Put such a database where there is none yet."""
    is_sqlite = url.startswith("sqlite:")
    text = text_of(revision, "sqlite" if is_sqlite else "postgresql").read_text("utf-8")
    if is_sqlite:
        with contextlib.closing(sqlite3.connect(path_of(url))) as connection:
            connection.executescript(text)
        return
    server = await asyncpg.connect(url)
    await server.execute(text)
    await server.close()
