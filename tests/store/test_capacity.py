"""The places of our own calendar: taken by compare-and-set, never oversold."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import SlotType
from connect_appointments.store import capacity
from connect_appointments.store.capacity import Places, Window
from connect_appointments.store.engine import Database
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import DAY, MORNING, rows, until_one_waits

AFTERNOON = Window("4000", DAY, SlotType.PM)
NEXT_DAY = Window("4000", DAY + timedelta(days=1), SlotType.AM)
ELSEWHERE = Window("2000", DAY, SlotType.AM)


async def _set(database: Database, *found: tuple[Window, int], overwrite: bool = True) -> None:
    places = [Places(*item) for item in found]
    await database.write(lambda connection: capacity.set_places(connection, places, overwrite=overwrite))


async def _take(database: Database, window: Window = MORNING) -> bool:
    return await database.write(lambda connection: capacity.take_place(connection, window))


async def _with_room(database: Database, area: str = "4000") -> set[Window]:
    days = [DAY, DAY + timedelta(days=1)]
    return await database.read(lambda connection: capacity.with_room(connection, area, days))


async def _counts(database: Database) -> list[tuple[int, int]]:
    return [tuple(row) for row in await rows(database, "SELECT places, taken FROM capacity")]


async def test_a_place_can_be_taken_until_there_is_none(database: Database) -> None:
    await _set(database, (MORNING, 2))
    assert [await _take(database) for _ in range(3)] == [True, True, False]
    assert await _counts(database) == [(2, 2)]


async def test_a_window_nobody_set_has_no_place(database: Database) -> None:
    await _set(database, (MORNING, 2))
    assert [await _take(database, window) for window in (AFTERNOON, NEXT_DAY, ELSEWHERE)] == [False] * 3


async def test_taking_one_windows_place_leaves_the_others_alone(database: Database) -> None:
    await _set(database, *((window, 1) for window in (MORNING, AFTERNOON, NEXT_DAY, ELSEWHERE)))
    await _take(database)
    assert await _with_room(database) == {AFTERNOON, NEXT_DAY}
    assert await _with_room(database, "2000") == {ELSEWHERE}


async def test_only_windows_of_the_days_asked_for_are_found(database: Database) -> None:
    await _set(database, (MORNING, 1), (Window("4000", DAY - timedelta(days=1), SlotType.AM), 1))
    assert await _with_room(database) == {MORNING}
    assert await database.read(lambda connection: capacity.with_room(connection, "4000", [])) == set()


async def test_of_many_who_want_the_last_places_as_many_get_one_as_there_are(
    database: Database, neighbour: Database
) -> None:
    await _set(database, (MORNING, 3))
    won = await asyncio.gather(*(_take(where) for where in (database, neighbour) * 5))
    assert sum(won) == 3
    assert await _counts(database) == [(3, 3)]


@ON_POSTGRESQL
async def test_who_waits_for_the_last_place_does_not_get_it_when_it_is_taken(
    database: Database, neighbour: Database
) -> None:
    await _set(database, (MORNING, 1))
    started: list[asyncio.Task[bool]] = []

    async def work(connection: AsyncConnection) -> bool:
        taken = await capacity.take_place(connection, MORNING)
        if not started:
            started.append(asyncio.create_task(_take(neighbour)))
            await until_one_waits(database.url)
        return taken

    assert await database.write(work)
    assert not await started[0]


@ON_POSTGRESQL
async def test_who_waits_for_the_last_place_gets_it_when_it_is_given_back(
    database: Database, neighbour: Database
) -> None:
    await _set(database, (MORNING, 1))
    started: list[asyncio.Task[bool]] = []

    async def work(connection: AsyncConnection) -> None:
        await capacity.take_place(connection, MORNING)
        started.append(asyncio.create_task(_take(neighbour)))
        await until_one_waits(database.url)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await started[0]
    assert await _counts(database) == [(1, 1)]


async def test_setting_places_again_keeps_those_taken(database: Database) -> None:
    await _set(database, (MORNING, 5))
    await _take(database)
    await _set(database, (MORNING, 9))
    assert await _counts(database) == [(9, 1)]


async def test_fewer_places_than_are_taken_leave_no_room(database: Database) -> None:
    await _set(database, (MORNING, 2))
    await _take(database)
    await _take(database)
    await _set(database, (MORNING, 1))
    assert await _with_room(database) == set()
    assert not await _take(database)
    assert await _counts(database) == [(1, 2)]


async def test_windows_that_are_known_can_be_left_as_they_are(database: Database) -> None:
    await _set(database, (MORNING, 5))
    await _set(database, (MORNING, 9), (AFTERNOON, 9), overwrite=False)
    assert sorted(await _counts(database)) == [(5, 0), (9, 0)]


async def test_thousands_of_windows_are_set_at_once(database: Database) -> None:
    await _set(database, *((Window("4000", DAY + timedelta(days=n), SlotType.AM), 1) for n in range(2500)))
    assert len(await _counts(database)) == 2500


async def test_setting_nothing_changes_nothing(database: Database) -> None:
    await _set(database)
    assert await _counts(database) == []


@pytest.mark.parametrize("granted", [True, False])
async def test_a_decision_is_made_once(database: Database, *, granted: bool) -> None:
    async def decided(connection: AsyncConnection) -> bool | None:
        return await capacity.decision(connection, 300)

    async def decide(connection: AsyncConnection) -> None:
        await capacity.decide(connection, 300, MORNING, granted=granted)

    assert await database.read(decided) is None
    await database.write(decide)
    assert await database.read(decided) is granted
    with pytest.raises(sa.exc.IntegrityError):
        await database.write(decide)


async def test_two_decisions_at_once_take_one_place(database: Database, neighbour: Database) -> None:
    await _set(database, (MORNING, 5))

    async def decide(connection: AsyncConnection) -> None:
        await capacity.take_place(connection, MORNING)
        await capacity.decide(connection, 300, MORNING, granted=True)

    outcomes = await asyncio.gather(database.write(decide), neighbour.write(decide), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IntegrityError", "NoneType"]
    assert await _counts(database) == [(5, 1)]
