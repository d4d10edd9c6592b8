"""Our own calendar as a workforce system: places are taken one by one, and never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.store.engine import Database
from connect_appointments.workforce.calendar.calendar import Calendar
from connect_appointments.workforce.port import (
    Availability,
    AvailabilityQuery,
    CancelCommand,
    Refused,
    ReserveCommand,
    Reserved,
    Visit,
)
from tests.build import BRISBANE, days_from, sample_order, set_capacity
from tests.store.given import rows
from tests.worker.by_hand import capacity_reserved, capacity_taken
from tests.workforce.places import policy

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""Monday, 11 in the morning in Brisbane."""
TUESDAY = date(2026, 11, 24)
ELSEWHERE = Site("Australia/Brisbane", "QLD", "4870")


@pytest.fixture
def ours(database: Database) -> Calendar:
    """The calendar, without any places yet."""
    return Calendar(database, policy())


@pytest.fixture
async def neighbour(database: Database) -> AsyncIterator[Calendar]:
    """The same calendar in another process: other connections, other locks."""
    found = Database(database.url)
    yield Calendar(found, policy())
    await found.close()


async def with_places(database: Database, places: int, area: str = "4000") -> None:
    await set_capacity(database, places, days_from(NOW, 30), area)


def visit(site: Site = BRISBANE) -> Visit:
    return Visit(sample_order(1, site=site), site)


async def offered(
    ours: Calendar, site: Site = BRISBANE, now: datetime = NOW, date_from: date = TUESDAY
) -> Sequence[Slot]:
    (found,) = await ours.find_slots([AvailabilityQuery("abcdefgh-o1", visit(site), date_from)], now)
    assert isinstance(found, Availability)
    return found.slots


async def reserve(ours: Calendar, number: int, slot: Slot, now: datetime = NOW) -> Reserved | Refused:
    """The answer for a booking attempt; what is unknown is raised."""
    (answer,) = await ours.reserve([ReserveCommand(f"abcdefgh-{number}", visit(), slot)], now)
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, (Reserved, Refused))
    return answer


def local_days(slots: Sequence[Slot]) -> list[tuple[str, str]]:
    return [(str((slot.start + timedelta(hours=10)).date()), slot.slot_type.value) for slot in slots]


async def test_d28_slots_are_the_windows_with_room_on_working_days(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    working = [f"2026-11-{day}" for day in (24, 25, 26, 27, 30)] + [f"2026-12-0{day}" for day in (1, 2, 3, 4, 7)]
    assert local_days(await offered(ours)) == [(day, half) for day in working for half in ("AM", "PM")]


async def test_d28_a_full_window_is_not_offered(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    first, second, *_ = await offered(ours)
    assert isinstance(await reserve(ours, 1, first), Reserved)
    assert (await offered(ours))[0] == second


async def test_d35_without_places_nothing_is_offered(database: Database, ours: Calendar) -> None:
    assert list(await offered(ours)) == []
    await with_places(database, 0)
    assert list(await offered(ours)) == []


async def test_d35_the_places_of_another_area_are_not_offered(database: Database, ours: Calendar) -> None:
    await with_places(database, 5, area="4870")
    assert list(await offered(ours)) == []
    assert await offered(ours, ELSEWHERE)


async def test_a_reserved_place_is_taken_in_its_own_window_only(database: Database, ours: Calendar) -> None:
    await with_places(database, 3)
    await with_places(database, 3, area="4870")
    afternoon = (await offered(ours))[1]
    assert await reserve(ours, 7, afternoon) == Reserved("APT000000000007")
    found = await rows(database, "SELECT area, day, slot_type, taken FROM capacity WHERE taken <> 0")
    assert [(row[0], str(row[1]), *row[2:]) for row in found] == [("4000", "2026-11-24", "PM", 1)]


async def test_asked_again_for_an_attempt_it_answers_the_same(database: Database, ours: Calendar) -> None:
    await with_places(database, 3)
    slot = (await offered(ours))[0]
    names = [await reserve(ours, 7, slot) for _ in range(3)]
    assert names == [Reserved("APT000000000007")] * 3
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)


async def test_a_granted_place_stays_granted_when_the_slot_has_started(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    slot = (await offered(ours))[0]
    name = await reserve(ours, 7, slot)
    assert await reserve(ours, 7, slot, NOW + timedelta(days=9)) == name


async def test_a_refusal_stays_a_refusal_when_a_place_comes_free(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    slot = (await offered(ours))[0]
    await with_places(database, 0)
    assert isinstance(await reserve(ours, 7, slot), Refused)
    await with_places(database, 9)
    assert isinstance(await reserve(ours, 7, slot), Refused)
    assert await capacity_taken(database) == 0


@pytest.mark.parametrize(
    ("now", "granted"),
    [
        pytest.param("2026-11-23T13:59:59+00:00", True, id="d29-the-day-before-at-the-site"),
        pytest.param("2026-11-23T14:00:00+00:00", False, id="d29-inside-the-lead-time"),
        pytest.param("2026-11-23T22:00:00+00:00", False, id="d29-as-it-starts"),
        pytest.param("2026-11-24T01:00:00+00:00", False, id="d29-started"),
        pytest.param("2026-11-25T01:00:00+00:00", False, id="d29-over"),
    ],
)
async def test_a_slot_is_had_only_before_its_lead_time(
    database: Database, ours: Calendar, now: str, *, granted: bool
) -> None:
    await with_places(database, 1)
    slot = (await offered(ours))[0]
    name = await reserve(ours, 7, slot, datetime.fromisoformat(now))
    assert (isinstance(name, Reserved), await capacity_taken(database)) == (granted, int(granted))


@pytest.mark.parametrize("places", [1, 5])
async def test_d29_the_last_places_have_as_many_winners(
    database: Database, ours: Calendar, neighbour: Calendar, places: int
) -> None:
    await with_places(database, places)
    slot = (await offered(ours))[0]
    asked = (reserve((ours, neighbour)[n % 2], n, slot) for n in range(1, 21))
    names = await asyncio.gather(*asked)
    assert len([name for name in names if isinstance(name, Reserved)]) == places
    assert (await capacity_taken(database), await capacity_reserved(database)) == (places, places)


async def test_one_attempt_asked_for_from_two_processes_takes_one_place(
    database: Database, ours: Calendar, neighbour: Calendar
) -> None:
    await with_places(database, 9)
    slot = (await offered(ours))[0]
    asked = (reserve((ours, neighbour)[n % 2], 7, slot) for n in range(8))
    names = await asyncio.gather(*asked, return_exceptions=True)
    assert Reserved("APT000000000007") in names
    assert await reserve(ours, 7, slot) == Reserved("APT000000000007")
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)


@pytest.mark.parametrize("lead_days", [0, 1, 2])
async def test_d28_the_lead_time_is_the_operators(database: Database, lead_days: int) -> None:
    await with_places(database, 1)
    slots = await offered(Calendar(database, policy(lead_days=lead_days)), date_from=date(2026, 11, 23))
    first = {0: ("2026-11-23", "PM"), 1: ("2026-11-24", "AM"), 2: ("2026-11-25", "AM")}
    assert local_days(slots)[0] == first[lead_days]


async def test_every_window_has_its_own_id(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    slots = await offered(ours)
    assert len({slot.id for slot in slots}) == len(slots) == 20
    assert {slot.slot_type for slot in slots} == set(SlotType)


async def test_the_calendar_holds_no_offers(database: Database, ours: Calendar) -> None:
    await with_places(database, 1)
    (found,) = await ours.find_slots([AvailabilityQuery("abcdefgh-o1", visit(), TUESDAY)], NOW)
    assert isinstance(found, Availability)
    assert (bool(found.slots), found.held_until) == (True, None)


async def test_a_place_given_back_after_the_capacity_was_lowered_is_not_offered(
    database: Database, ours: Calendar
) -> None:
    await with_places(database, 2)
    slot = (await offered(ours))[0]
    for number in (1, 2):
        await reserve(ours, number, slot)
    await with_places(database, 1)
    await ours.cancel([CancelCommand("abcdefgh-1", "a test")])
    assert await capacity_taken(database) == 1
    assert slot not in await offered(ours)


async def test_keys_beyond_one_batch_are_all_answered(database: Database, ours: Calendar) -> None:
    await with_places(database, 300)
    slot = (await offered(ours))[0]
    answers = await ours.reserve([ReserveCommand(f"abcdefgh-{n}", visit(), slot) for n in range(1, 400)], NOW)
    assert [isinstance(answer, Reserved) for answer in answers] == [True] * 300 + [False] * 99
    assert (await capacity_taken(database), await capacity_reserved(database)) == (300, 300)
