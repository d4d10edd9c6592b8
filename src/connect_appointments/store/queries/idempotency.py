"""Idempotency keys of creations: a retry after a lost 201 creates no second request (D36)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from connect_appointments.store.columns import BigId, Instant, database_now, seconds_from_now
from connect_appointments.store.statements import given, param
from connect_appointments.store.tables import idempotency_keys
from connect_appointments.store.transaction import Transaction

KEY_LIFETIME = timedelta(hours=24)
"""Lifetime of an Idempotency-Key (D36)."""
ADVISORY_SEED = 20361


class OwnedKey(NamedTuple):
    """An Idempotency-Key and its owner."""

    owner: str
    key: str


class Used(NamedTuple):
    """The use of a key: the fingerprint of the request body, and the id of the created appointment-request."""

    fingerprint: str
    request_id: int


class try_lock_key(GenericFunction[bool]):  # noqa: N801 - a SQL function, spelled as one
    """Try to lock the key until the end of the transaction; false if another transaction has locked it."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(try_lock_key, "postgresql")
def _try_lock_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    name = compiler.process(element.clauses, **kw)
    return f"pg_try_advisory_xact_lock(hashtextextended({name}, {ADVISORY_SEED}))"


@compiles(try_lock_key, "sqlite")
def _try_lock_on_sqlite(*_: Any, **__: Any) -> str:
    return "1"  # SQLite runs a single write transaction at a time


_name = given(name=sa.Text())
_LOCK = sa.select(_name.c.place, try_lock_key(_name.c.name).label("is_locked")).select_from(_name)
_asked = given(owner=sa.Text(), key=sa.Text())
_USED = (
    sa.select(_asked.c.place, idempotency_keys.c.fingerprint, idempotency_keys.c.request_id)
    .select_from(_asked)
    .join(
        idempotency_keys,
        sa.and_(idempotency_keys.c.owner == _asked.c.owner, idempotency_keys.c.key == _asked.c.key),
    )
    .where(idempotency_keys.c.created_on > param("since", Instant()))
)
_FORGET_OLD = sa.delete(idempotency_keys).where(
    sa.tuple_(idempotency_keys.c.owner, idempotency_keys.c.key).in_(sa.select(_asked.c.owner, _asked.c.key))
)
_kept = given(owner=sa.Text(), key=sa.Text(), fingerprint=sa.Text(), request_id=BigId)
_KEEP = sa.insert(idempotency_keys).from_select(
    ["owner", "key", "fingerprint", "request_id", "created_on"],
    sa.select(_kept.c.owner, _kept.c.key, _kept.c.fingerprint, _kept.c.request_id, database_now()),
)


async def lock(transaction: Transaction, keys: Sequence[OwnedKey]) -> list[bool]:
    """Lock keys until the end of the transaction; False for a key that another transaction has locked."""
    locked = [False] * len(keys)
    for row in await transaction.fetch(_LOCK, [(f"{len(key.owner)} {key.owner} {key.key}",) for key in keys]):
        locked[row.place - 1] = bool(row.is_locked)
    return locked


async def used(transaction: Transaction, keys: Sequence[OwnedKey], since: datetime) -> list[Used | None]:
    """The use of each locked key since a moment, or None."""
    found: list[Used | None] = [None] * len(keys)
    for row in await transaction.fetch(_USED, keys, since=since):
        found[row.place - 1] = Used(row.fingerprint, row.request_id)
    return found


async def keep(transaction: Transaction, uses: Sequence[tuple[OwnedKey, Used]]) -> None:
    """Record the use of locked keys, replacing older uses."""
    await transaction.execute(_FORGET_OLD, [key for key, _ in uses])
    await transaction.execute(_KEEP, [(*key, *use) for key, use in uses])


_FORGET_AGED = sa.delete(idempotency_keys).where(
    idempotency_keys.c.created_on < seconds_from_now(param("seconds", sa.Float()))
)


async def forget_seconds_ago(transaction: Transaction, seconds: float) -> int:
    """Delete the keys that are older than `seconds`; return the number of deleted keys."""
    return await transaction.execute(_FORGET_AGED, seconds=-seconds)


async def forget(transaction: Transaction, before: datetime) -> int:
    """Delete the keys used before a moment; return their number."""
    return await transaction.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.created_on < before))
