"""The capacity of our own calendar: counted under a row lock, never oversold; and what was decided on each key."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connect_appointments.core.capacity import Capacity, Usage, Window
from connect_appointments.core.model import SlotType
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.capacity import Reservation
from connect_appointments.store.transaction import Transaction
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import DAY, MORNING, VIOLATIONS, rows, take_place, until_one_waits

AFTERNOON = Window("4000", DAY, SlotType.PM)
NEXT_DAY = Window("4000", DAY + timedelta(days=1), SlotType.AM)
ELSEWHERE = Window("2000", DAY, SlotType.AM)
KEY = "a1b2c3d4-300"


async def _set(database: Database, *found: tuple[Window, int], overwrite: bool = True) -> None:
    places = [Capacity(*item) for item in found]
    await database.write(lambda transaction: capacity.set_capacity(transaction, places, overwrite=overwrite))


async def _take(database: Database, window: Window = MORNING) -> bool:
    return await database.write(lambda transaction: take_place(transaction, window))


async def _free(database: Database, area: str = "4000") -> set[Window]:
    days = [(area, DAY), (area, DAY + timedelta(days=1))]
    return await database.read(lambda transaction: capacity.free_windows(transaction, days))


async def _counts(database: Database) -> list[tuple[int, int]]:
    return [tuple(row) for row in await rows(database, "SELECT capacity, taken FROM capacity")]


async def _decisions(database: Database, *keys: str) -> dict[str, Reservation]:
    return await database.read(lambda transaction: capacity.decisions(transaction, keys))


def _reserved(key: str = KEY, state: ReservationState = ReservationState.RESERVED) -> Reservation:
    return Reservation(key, MORNING, state)


async def test_a_place_can_be_taken_until_there_is_none(database: Database) -> None:
    await _set(database, (MORNING, 2))
    assert [await _take(database) for _ in range(3)] == [True, True, False]
    assert await _counts(database) == [(2, 2)]


async def test_a_window_nobody_set_has_no_place(database: Database) -> None:
    await _set(database, (MORNING, 2))
    assert [await _take(database, window) for window in (AFTERNOON, NEXT_DAY, ELSEWHERE)] == [False] * 3


async def test_to_take_a_place_of_a_window_that_is_not_there_is_a_bug(database: Database) -> None:
    await _set(database, (MORNING, 2))
    with pytest.raises(AssertionError, match="1 of 2 windows were changed"):
        await database.write(lambda transaction: capacity.take(transaction, {MORNING: 1, AFTERNOON: 1}))
    assert await _counts(database) == [(2, 0)]


async def test_windows_are_locked_in_the_order_of_their_keys_and_unknown_ones_left_out(database: Database) -> None:
    await _set(database, (NEXT_DAY, 3), (MORNING, 2), (ELSEWHERE, 1))
    await _take(database)
    asked = [NEXT_DAY, AFTERNOON, MORNING, ELSEWHERE]
    found = await database.write(lambda transaction: capacity.lock_windows(transaction, asked))
    assert list(found.values()) == [Usage(ELSEWHERE, 1, 0), Usage(MORNING, 2, 1), Usage(NEXT_DAY, 3, 0)]
    assert list(found) == [ELSEWHERE, MORNING, NEXT_DAY]


async def test_places_are_taken_and_given_back_together(database: Database) -> None:
    await _set(database, (MORNING, 2), (AFTERNOON, 2))
    await _take(database, AFTERNOON)
    await database.write(lambda transaction: capacity.take(transaction, {MORNING: 2, AFTERNOON: -1, NEXT_DAY: 0}))
    taken = await rows(database, "SELECT slot_type, taken FROM capacity ORDER BY slot_type")
    assert taken == [("AM", 2), ("PM", 0)]


async def test_taking_one_windows_place_leaves_the_others_alone(database: Database) -> None:
    await _set(database, *((window, 1) for window in (MORNING, AFTERNOON, NEXT_DAY, ELSEWHERE)))
    await _take(database)
    assert await _free(database) == {AFTERNOON, NEXT_DAY}
    assert await _free(database, "2000") == {ELSEWHERE}


async def test_only_windows_of_the_days_asked_for_are_found(database: Database) -> None:
    await _set(database, (MORNING, 1), (Window("4000", DAY - timedelta(days=1), SlotType.AM), 1))
    assert await _free(database) == {MORNING}
    assert await database.read(lambda transaction: capacity.free_windows(transaction, [])) == set()


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

    async def work(transaction: Transaction) -> bool:
        taken = await take_place(transaction)
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

    async def work(transaction: Transaction) -> None:
        await take_place(transaction)
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
    assert await _free(database) == set()
    assert not await _take(database)
    assert await _counts(database) == [(1, 2)]
    assert await database.read(capacity.overfull) == [Usage(MORNING, 1, 2)]


async def test_the_use_of_windows_is_told_by_day_and_area(database: Database) -> None:
    windows = [Window("4000", DAY - timedelta(days=1), SlotType.AM), NEXT_DAY, AFTERNOON, MORNING, ELSEWHERE]
    await _set(database, *((window, 1) for window in windows))

    async def told(area: str | None, limit: int = 10) -> list[Window]:
        found = await database.read(lambda transaction: capacity.usage(transaction, area=area, first=DAY, limit=limit))
        return [one.window for one in found]

    assert await told(None) == [ELSEWHERE, MORNING, AFTERNOON, NEXT_DAY]
    assert await told("4000") == [MORNING, AFTERNOON, NEXT_DAY]
    assert await told("4000", limit=1) == [MORNING]


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


@pytest.mark.parametrize("state", ReservationState)
async def test_a_decision_is_made_once(database: Database, state: ReservationState) -> None:
    async def decide(transaction: Transaction) -> None:
        await capacity.decide(transaction, [_reserved(state=state)])

    assert await _decisions(database, KEY) == {}
    await database.write(decide)
    assert await _decisions(database, KEY, "another") == {KEY: _reserved(state=state)}
    with pytest.raises(VIOLATIONS):
        await database.write(decide)


async def test_decisions_of_a_batch_take_the_places_of_those_that_are_reserved(database: Database) -> None:
    await _set(database, (MORNING, 5), (AFTERNOON, 5))
    new = [
        *(Reservation(key, MORNING, ReservationState.RESERVED) for key in ("one", "two")),
        Reservation("three", AFTERNOON, ReservationState.RESERVED),
        Reservation("four", NEXT_DAY, ReservationState.REFUSED),
    ]
    await database.write(lambda transaction: capacity.reserve(transaction, new))
    assert await _decisions(database, "one", "two", "three", "four") == {one.key: one for one in new}
    taken = await rows(database, "SELECT slot_type, taken FROM capacity ORDER BY slot_type")
    assert taken == [("AM", 2), ("PM", 1)]


async def test_to_reserve_a_place_of_a_window_that_is_not_there_is_a_bug(database: Database) -> None:
    await _set(database, (MORNING, 5))
    new = [Reservation(key, window, ReservationState.RESERVED) for key, window in (("a", MORNING), ("b", NEXT_DAY))]
    with pytest.raises(AssertionError, match="1 of 2 windows were changed"):
        await database.write(lambda transaction: capacity.reserve(transaction, new))
    assert (await _decisions(database, "a", "b"), await _counts(database)) == ({}, [(5, 0)])


async def test_a_decision_that_is_locked_can_be_changed(database: Database) -> None:
    cancelled = Reservation(KEY, AFTERNOON, ReservationState.CANCELLED)

    async def cancel(transaction: Transaction) -> dict[str, Reservation]:
        found = await capacity.lock_decisions(transaction, [KEY, "another"])
        await capacity.decide(transaction, [], [cancelled])
        return found

    await database.write(lambda transaction: capacity.decide(transaction, [_reserved(), _reserved("third")]))
    assert await database.write(cancel) == {KEY: _reserved()}
    assert await _decisions(database, KEY, "third") == {KEY: cancelled, "third": _reserved("third")}


async def test_to_change_a_decision_that_was_never_made_is_a_bug(database: Database) -> None:
    await database.write(lambda transaction: capacity.decide(transaction, [_reserved()]))
    changed = [_reserved(state=ReservationState.CANCELLED), _reserved("another")]
    with pytest.raises(AssertionError, match="1 of 2 decisions were changed"):
        await database.write(lambda transaction: capacity.decide(transaction, [], changed))
    assert await _decisions(database, KEY) == {KEY: _reserved()}


async def test_two_decisions_at_once_take_one_place(database: Database, neighbour: Database) -> None:
    await _set(database, (MORNING, 5))

    async def decide(transaction: Transaction) -> None:
        await take_place(transaction)
        await capacity.decide(transaction, [_reserved()])

    outcomes = await asyncio.gather(database.write(decide), neighbour.write(decide), return_exceptions=True)
    assert sorted(isinstance(outcome, VIOLATIONS) for outcome in outcomes) == [False, True]
    assert [outcome for outcome in outcomes if not isinstance(outcome, VIOLATIONS)] == [None]
    assert await _counts(database) == [(5, 1)]
