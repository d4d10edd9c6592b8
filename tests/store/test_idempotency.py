"""Idempotency keys: held by one transaction at a time, remembered, forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.store import idempotency
from connect_appointments.store.engine import Database
from connect_appointments.store.idempotency import Used
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import created, rows

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def _used(database: Database, owner: str = ALICE, key: str = "key", since: datetime = LONG_AGO) -> Used | None:
    return await database.read(lambda connection: idempotency.used(connection, owner, key, since))


async def _keep(database: Database, use: Used, owner: str = ALICE, key: str = "key") -> None:
    await database.write(lambda connection: idempotency.keep(connection, owner, key, use))


async def _take(database: Database, owner: str = ALICE, key: str = "key") -> bool:
    return await database.write(lambda connection: idempotency.take(connection, owner, key))


async def test_a_new_key_was_used_for_nothing(database: Database) -> None:
    assert await _used(database) is None


async def test_what_a_key_was_used_for_is_remembered(database: Database) -> None:
    use = Used("fingerprint", await created(database))
    await _keep(database, use)
    assert await _used(database) == use


async def test_keys_are_of_one_owner_and_spelled_exactly(database: Database) -> None:
    use = Used("fingerprint", await created(database))
    await _keep(database, use)
    assert await _used(database, owner=BOB) is None
    assert await _used(database, key="KEY") is None
    assert await _used(database, key="key ") is None


async def test_a_key_used_too_long_ago_counts_as_new_and_can_be_used_again(database: Database) -> None:
    first, second = Used("first", await created(database)), Used("second", await created(database))
    await _keep(database, first)
    assert await _used(database, since=datetime.now(UTC) + timedelta(hours=1)) is None
    await _keep(database, second)
    assert await _used(database) == second
    assert len(await rows(database, "SELECT * FROM idempotency_keys")) == 1


async def test_old_keys_are_forgotten_and_counted(database: Database) -> None:
    use = Used("fingerprint", await created(database))
    await _keep(database, use, key="one")
    await _keep(database, use, key="two")
    before = datetime.now(UTC) - timedelta(hours=24)
    assert await database.write(lambda connection: idempotency.forget(connection, before)) == 0
    after = datetime.now(UTC) + timedelta(hours=1)
    assert await database.write(lambda connection: idempotency.forget(connection, after)) == 2
    assert await _used(database, key="one") is None


async def test_a_free_key_is_taken(database: Database) -> None:
    assert await _take(database)
    assert await _take(database)


@ON_POSTGRESQL
async def test_a_key_that_another_transaction_holds_is_not_taken(database: Database, neighbour: Database) -> None:
    async def work(connection: AsyncConnection) -> list[bool]:
        mine = await idempotency.take(connection, ALICE, "key")
        others = [("11001", "key"), ("11001", "key2"), ("11002", "key"), ("11001 ", "key"), ("1100", "1 key")]
        async with asyncio.timeout(5):
            return [mine, *[await _take(neighbour, owner, key) for owner, key in others]]

    assert await database.write(work) == [True, False, True, True, True, True]
    assert await _take(neighbour)


@ON_POSTGRESQL
async def test_a_key_is_free_again_when_its_transaction_is_undone(database: Database, neighbour: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        assert await idempotency.take(connection, ALICE, "key")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await _take(neighbour)
