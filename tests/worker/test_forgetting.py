"""What the worker does beside its jobs: it forgets the idempotency keys that are no longer good."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.store.tables import idempotency_keys
from tests.api_client import Api
from tests.build import Clock


async def keys_kept(database: Database) -> int:
    query = sa.select(sa.func.count()).select_from(idempotency_keys)
    ((found,),) = await database.read(lambda transaction: transaction.fetch(query))
    return int(found)


async def test_d36_a_key_is_forgotten_a_day_later_and_not_before(api: Api, database: Database, clock: Clock) -> None:
    await api.created(1, headers={"Idempotency-Key": "old"})
    clock.move(hours=23)
    await api.parts.worker.forget_keys()
    assert await keys_kept(database) == 1
    clock.move(hours=2)
    await api.parts.worker.forget_keys()
    assert await keys_kept(database) == 0
