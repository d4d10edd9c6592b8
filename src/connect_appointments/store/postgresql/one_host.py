"""A connection to one PostgreSQL host, and what that host may do."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg

from connect_appointments.store.options import DatabaseOptions

Connection: TypeAlias = Any
"""asyncpg's connection; the library has no types."""

TROUBLES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What may go wrong with a host, so that another one is worth a try."""

READS_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"

TIMELINE = """
SELECT CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN NULL
            ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
"""
"""Eight hexadecimal digits, greater with every promotion; null where no writes are accepted."""


async def connect_to(url: str, options: DatabaseOptions, settings: dict[str, str]) -> Connection:
    """Connect to the one host that a URL names; raise one of `TROUBLES`."""
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


async def check_writes(connection: Connection, timeout_seconds: float) -> None:
    """Raise ConnectionError where the host accepts no writes."""
    if await connection.fetchval(READS_ONLY, timeout=timeout_seconds):
        raise ConnectionError("this host accepts no writes")


async def timeline_of(connection: Connection, timeout_seconds: float) -> int:
    """How often a primary was promoted before this one; raise ConnectionError where the host accepts no writes."""
    digits = await connection.fetchval(TIMELINE, timeout=timeout_seconds)
    if digits is None:
        raise ConnectionError("this host accepts no writes")
    return int(digits, 16)
