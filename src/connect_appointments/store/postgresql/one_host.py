"""A connection to a single PostgreSQL host, and the check whether the host accepts writes."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg

from connect_appointments.store.options import DatabaseOptions

Connection: TypeAlias = Any
"""asyncpg's connection; the library has no type hints."""

TROUBLES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Errors of a single host, after which the next host is tried."""

READS_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"

TIMELINE = """
SELECT CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN NULL
            ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
"""
"""The timeline as eight hexadecimal digits, which increases with every promotion; null on a read-only host."""


async def connect_to(url: str, options: DatabaseOptions, settings: dict[str, str]) -> Connection:
    """Connect to the host of a URL; raise one of `TROUBLES`."""
    return await asyncpg.connect(
        url,
        timeout=options.connect_timeout_seconds,
        command_timeout=options.statement_timeout_seconds + 5,
        statement_cache_size=100 if options.statement_cache else 0,
        server_settings={
            "application_name": "connect-appointments",
            "lock_timeout": str(int(options.lock_timeout_seconds * 1000)),
            "statement_timeout": str(int(options.statement_timeout_seconds * 1000)),
            **settings,
        },
    )


async def connect_to_write(url: str, options: DatabaseOptions, settings: dict[str, str]) -> Connection:
    """Connect to the host of a URL; raise one of `TROUBLES`, or ConnectionError if the host accepts no writes."""
    connection = await connect_to(url, options, settings)
    try:
        reads_only = await connection.fetchval(READS_ONLY, timeout=options.connect_timeout_seconds)
    except BaseException:
        connection.terminate()
        raise
    if reads_only:
        connection.terminate()
        raise ConnectionError("this host accepts no writes")
    return connection


async def timeline_of(connection: Connection, timeout_seconds: float) -> int:
    """The timeline of a primary, which increases with every promotion; raise ConnectionError on a read-only host."""
    digits = await connection.fetchval(TIMELINE, timeout=timeout_seconds)
    if digits is None:
        raise ConnectionError("this host accepts no writes")
    return int(digits, 16)
