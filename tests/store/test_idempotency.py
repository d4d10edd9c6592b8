"""Idempotency keys: locked by one transaction at a time, remembered, forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import idempotency
from connect_appointments.store.queries.idempotency import OwnedKey, Used
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import created, rows

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def _used(database: Database, owner: str = ALICE, key: str = "key", since: datetime = LONG_AGO) -> Used | None:
    asked = [OwnedKey(owner, key)]
    (found,) = await database.read(lambda transaction: idempotency.used(transaction, asked, since))
    return found


async def _keep(database: Database, use: Used, owner: str = ALICE, key: str = "key") -> None:
    await database.write(lambda transaction: idempotency.keep(transaction, [(OwnedKey(owner, key), use)]))


async def _lock(database: Database, *keys: OwnedKey) -> list[bool]:
    asked = keys or [OwnedKey(ALICE, "key")]
    return await database.write(lambda transaction: idempotency.lock(transaction, asked))


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
    assert await database.write(lambda transaction: idempotency.forget(transaction, before)) == 0
    after = datetime.now(UTC) + timedelta(hours=1)
    assert await database.write(lambda transaction: idempotency.forget(transaction, after)) == 2
    assert await _used(database, key="one") is None


async def test_of_many_keys_each_is_told_what_it_was_used_for(database: Database) -> None:
    first, second = Used("first", await created(database)), Used("second", await created(database))
    asked = [OwnedKey(ALICE, "one"), OwnedKey(BOB, "two"), OwnedKey(ALICE, "two"), OwnedKey(BOB, "one")]

    async def work(transaction: Transaction) -> list[Used | None]:
        await idempotency.keep(transaction, [(asked[0], first), (asked[2], second)])
        return await idempotency.used(transaction, asked, LONG_AGO)

    assert await database.write(work) == [first, None, second, None]


async def test_a_free_key_is_locked(database: Database) -> None:
    assert await _lock(database) == [True]
    assert await _lock(database) == [True]


@ON_POSTGRESQL
async def test_a_key_that_another_transaction_has_locked_is_not_locked(database: Database, neighbour: Database) -> None:
    others = [OwnedKey(*one) for one in (("11001", "key"), ("11001", "key2"), ("11002", "key"), ("11001 ", "key"))]
    others.append(OwnedKey("1100", "1 key"))

    async def work(transaction: Transaction) -> list[bool]:
        mine = await idempotency.lock(transaction, others[:1])
        async with asyncio.timeout(5):
            return mine + await _lock(neighbour, *others)

    assert await database.write(work) == [True, False, True, True, True, True]
    assert await _lock(neighbour) == [True]


@ON_POSTGRESQL
async def test_a_key_is_free_again_when_its_transaction_is_undone(database: Database, neighbour: Database) -> None:
    async def work(transaction: Transaction) -> None:
        assert await idempotency.lock(transaction, [OwnedKey(ALICE, "key")]) == [True]
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await _lock(neighbour) == [True]
