"""Idempotency keys of creations: a lost 201 leaves no orphan (D36)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.store.tables import database_now, idempotency_keys

KEY_LIFETIME = timedelta(hours=24)
"""How long a key is good for (D36)."""


class Used(NamedTuple):
    """What a key was used for: the fingerprint of its body and the id that was created."""

    fingerprint: str
    request_id: int


async def take(connection: AsyncConnection, owner: str, key: str) -> bool:
    """Hold the key until the transaction ends; False when another transaction holds it."""
    if connection.dialect.name == "sqlite":
        return True  # the one writer there is
    query = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 20361))")
    return bool((await connection.execute(query, {"name": f"{len(owner)} {owner} {key}"})).scalar_one())


async def used(connection: AsyncConnection, owner: str, key: str, since: datetime) -> Used | None:
    """What the key was used for since a moment, or None."""
    table = idempotency_keys
    query = sa.select(table.c.fingerprint, table.c.request_id).where(
        table.c.owner == owner, table.c.key == key, table.c.created_on > since
    )
    row = (await connection.execute(query)).first()
    return None if row is None else Used(*row)


async def keep(connection: AsyncConnection, owner: str, key: str, use: Used) -> None:
    """Remember what the key was used for, instead of anything older."""
    table = idempotency_keys
    await connection.execute(sa.delete(table).where(table.c.owner == owner, table.c.key == key))
    await connection.execute(sa.insert(table).values(owner=owner, key=key, created_on=database_now(), **use._asdict()))


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Forget the keys used before a moment; return how many."""
    statement = sa.delete(idempotency_keys).where(idempotency_keys.c.created_on < before)
    return (await connection.execute(statement)).rowcount
