"""What the port promises, of any adapter: each test takes the fixture `stage`, which an adapter's test file defines.

An adapter's file imports `WorkforceContract`, names its own subclass of it `Test...`, and gives a `Stage`. The tests
ask in groups, as the worker does, and go by what the port says and nothing else.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_appointments.workforce.port import (
    MAX_KEY_CHARACTERS,
    Availability,
    AvailabilityQuery,
    Cancelled,
    NotYet,
    Refused,
    ReleaseCommand,
    ReserveCommand,
    Reserved,
)
from tests.build import BRISBANE
from tests.workforce.changes_contract import ChangesContract
from tests.workforce.stage import (
    ELSEWHERE,
    KEY,
    LONG_PAST,
    NOW,
    OTHER,
    THIRD,
    TUESDAY,
    Stage,
    availability,
    cancel,
    find,
    reserve,
    slots_of,
    visit,
)


class WorkforceContract(ChangesContract):
    """The promises of the port."""

    # Finding slots

    async def test_slots_are_offered_earliest_first_and_each_has_its_own_id(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slots = await slots_of(stage)
        assert len({slot.id for slot in slots}) == len(slots) > 2
        assert [slot.start for slot in slots] == sorted(slot.start for slot in slots)
        assert all(slot.start < slot.end for slot in slots)

    async def test_d29_no_slot_that_has_begun_is_offered(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        later = (await slots_of(stage))[0].start
        assert all(later < slot.start for slot in await slots_of(stage, now=later))

    async def test_d35_without_capacity_nothing_is_offered_and_the_answer_says_why(self, stage: Stage) -> None:
        await stage.set_capacity(0)
        found = await availability(stage)
        assert list(found.slots) == []
        assert found.none_because

    async def test_where_there_are_slots_no_reason_is_given_for_none(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        assert (await availability(stage)).none_because is None

    async def test_d28_a_full_window_is_not_offered(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, *others = await slots_of(stage)
        assert isinstance(await reserve(stage, KEY, first), Reserved)
        assert list(await slots_of(stage)) == others

    async def test_d46_the_own_place_of_an_appointment_counts_as_free(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slots = await slots_of(stage)
        await reserve(stage, KEY, slots[0])
        query = AvailabilityQuery("abcdefgh-o1", visit(), TUESDAY)
        found = await stage.workforce.find_slots([query, replace(query, own=slots[0]), query], NOW)
        offered = [list(one.slots) for one in found if isinstance(one, Availability)]
        assert offered == [list(slots[1:]), list(slots), list(slots[1:])]

    async def test_d46_the_own_place_before_the_date_of_the_query_is_not_offered(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slots = await slots_of(stage)
        await reserve(stage, KEY, slots[0])
        query = AvailabilityQuery("abcdefgh-o1", visit(), TUESDAY + timedelta(days=1), own=slots[0])
        (found,) = await stage.workforce.find_slots([query], NOW)
        assert isinstance(found, Availability)
        assert slots[0] not in found.slots

    async def test_a_group_of_queries_is_answered_in_its_order(self, stage: Stage) -> None:
        await stage.set_capacity(1, BRISBANE.area)
        await stage.set_capacity(0, ELSEWHERE.area)
        sites = [ELSEWHERE, BRISBANE, ELSEWHERE, BRISBANE]
        queries = [AvailabilityQuery(f"abcdefgh-o{n}", visit(site), TUESDAY) for n, site in enumerate(sites)]
        found = await stage.workforce.find_slots(queries, NOW)
        assert [bool(one.slots) for one in found if isinstance(one, Availability)] == [False, True, False, True]

    async def test_the_release_of_an_offer_is_accepted(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slots = await slots_of(stage)
        command = ReleaseCommand("abcdefgh-o1", visit(), slots)
        assert list(await stage.workforce.release_offer([command, command])) == [None, None]
        assert list(await slots_of(stage)) == list(slots)

    # Reserving

    async def test_a_group_of_reservations_is_answered_in_its_order(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        wanted = [(KEY, first), (OTHER, first), (THIRD, second)]
        answers = await stage.workforce.reserve([ReserveCommand(key, visit(), slot) for key, slot in wanted], NOW)
        names = [getattr(answer, "workforce_id", None) for answer in answers]
        assert names == [name for key, _ in wanted for name in [getattr(await find(stage, key), "workforce_id", None)]]
        assert names[2] is not None
        assert len([name for name in names[:2] if name is not None]) == 1

    async def test_every_reservation_has_a_name_of_its_own(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        one, other = await reserve(stage, KEY, slot), await reserve(stage, OTHER, slot)
        assert one.workforce_id
        assert one.workforce_id != other.workforce_id

    async def test_asked_again_for_a_key_the_answer_is_the_same(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        answers = [await reserve(stage, KEY, slot) for _ in range(3)]
        assert answers == [answers[0]] * 3
        assert isinstance(await reserve(stage, OTHER, slot), Reserved)

    async def test_a_key_twice_in_one_group_takes_one_place(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        command = ReserveCommand(KEY, visit(), slot)
        one, again = await stage.workforce.reserve([command, command], NOW)
        assert one == again == await find(stage, KEY)
        assert isinstance(await reserve(stage, OTHER, slot), Reserved)

    async def test_a_key_asked_for_from_two_processes_at_once_takes_one_place(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        command = ReserveCommand(KEY, visit(), slot)
        both = (stage.workforce, stage.neighbour)
        answers = await asyncio.gather(*(both[n % 2].reserve([command], NOW) for n in range(8)), return_exceptions=True)
        known = [one for group in answers if not isinstance(group, BaseException) for one in group]
        final = await reserve(stage, KEY, slot)
        assert isinstance(final, Reserved)
        assert all(one == final for one in known if not isinstance(one, (NotYet, Exception)))
        assert isinstance(await reserve(stage, OTHER, slot), Reserved)

    @pytest.mark.parametrize("places", [1, 5])
    async def test_d29_the_last_places_have_as_many_winners(self, stage: Stage, places: int) -> None:
        await stage.set_capacity(places)
        slot = (await slots_of(stage))[0]
        both = (stage.workforce, stage.neighbour)
        commands = [ReserveCommand(f"abcdefgh-{n}", visit(), slot) for n in range(1, 21)]
        groups = [commands[n::4] for n in range(4)]
        await asyncio.gather(*(both[n % 2].reserve(group, NOW) for n, group in enumerate(groups)))
        answers = [await reserve(stage, command.key, slot) for command in commands]
        assert len([answer for answer in answers if isinstance(answer, Reserved)]) == places
        assert all(isinstance(answer, (Reserved, Refused)) for answer in answers)

    async def test_a_granted_place_stays_granted_when_the_slot_has_begun(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        answer = await reserve(stage, KEY, slot)
        assert await reserve(stage, KEY, slot, LONG_PAST) == answer

    async def test_d29_a_slot_that_has_begun_is_refused(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        assert isinstance(await reserve(stage, KEY, slot, LONG_PAST), Refused)

    async def test_a_refusal_stays_a_refusal_when_a_place_comes_free(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        await stage.set_capacity(0)
        assert isinstance(await reserve(stage, KEY, slot), Refused)
        await stage.set_capacity(9)
        assert isinstance(await reserve(stage, KEY, slot), Refused)
        assert isinstance(await find(stage, KEY), Refused)
        assert slot in await slots_of(stage)

    @pytest.mark.parametrize("length", [1, MAX_KEY_CHARACTERS])
    async def test_a_key_may_be_as_short_and_as_long_as_the_port_says(self, stage: Stage, length: int) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        keys = ["a" * length, "b" * length]
        answers = [await reserve(stage, key, slot) for key in keys]
        assert len({answer.workforce_id for answer in answers}) == 2
        assert [await find(stage, key) for key in keys] == answers
        assert [await cancel(stage, key) for key in keys] == [Cancelled()] * 2

    # Finding what stands under a key

    async def test_nothing_is_known_of_a_key_that_was_never_used(self, stage: Stage) -> None:
        assert await find(stage, KEY) is None

    async def test_a_group_of_keys_is_answered_in_its_order(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        granted, refused = await reserve(stage, KEY, first), await reserve(stage, OTHER, first)
        await reserve(stage, THIRD, second)
        await cancel(stage, THIRD)
        assert isinstance(refused, Refused)
        unknown, third, other, one = await stage.workforce.find(["abcdefgh-9", THIRD, OTHER, KEY])
        assert (unknown, third, one) == (None, Cancelled(), granted)
        assert isinstance(other, Refused)
