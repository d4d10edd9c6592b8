"""What the port promises, of any adapter: each test takes the fixture `stage`, which an adapter's test file defines.

An adapter's file imports `WorkforceContract`, names its own subclass of it `Test...`, and gives a `Stage`. The tests
ask in groups, as the worker does, and go by what the port says and nothing else.
"""

from __future__ import annotations

import asyncio

import pytest

from connect_appointments.workforce.port import (
    MAX_KEY_CHARACTERS,
    Availability,
    AvailabilityQuery,
    CancelCommand,
    Cancelled,
    MoveCommand,
    NotYet,
    Refused,
    ReleaseCommand,
    ReserveCommand,
    Reserved,
)
from tests.build import BRISBANE
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
    move,
    reserve,
    slots_of,
    visit,
)


class WorkforceContract:
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

    # Cancelling

    async def test_a_cancelled_place_is_free_again(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        await reserve(stage, KEY, slot)
        assert await cancel(stage, KEY) == Cancelled()
        assert await find(stage, KEY) == Cancelled()
        assert slot in await slots_of(stage)
        assert isinstance(await reserve(stage, OTHER, slot), Reserved)

    async def test_cancelling_twice_is_cancelled_twice_and_gives_one_place_back(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        await reserve(stage, KEY, slot)
        await reserve(stage, OTHER, slot)
        command = CancelCommand(KEY, "a test")
        assert await cancel(stage, KEY) == Cancelled()
        assert list(await stage.workforce.cancel([command, command])) == [Cancelled(), Cancelled()]
        assert isinstance(await reserve(stage, THIRD, slot), Reserved)
        assert slot not in await slots_of(stage)

    async def test_cancelling_from_two_processes_at_once_gives_one_place_back(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        await reserve(stage, KEY, slot)
        await reserve(stage, OTHER, slot)
        both = (stage.workforce, stage.neighbour)
        asked = (both[n % 2].cancel([CancelCommand(KEY, "a test")]) for n in range(8))
        await asyncio.gather(*asked, return_exceptions=True)
        assert await cancel(stage, KEY) == Cancelled()
        assert isinstance(await reserve(stage, THIRD, slot), Reserved)
        assert slot not in await slots_of(stage)

    async def test_a_reservation_that_arrives_after_its_cancellation_is_refused(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        assert await cancel(stage, KEY) == Cancelled()
        assert isinstance(await reserve(stage, KEY, slot), Refused)
        assert await find(stage, KEY) == Cancelled()
        assert slot in await slots_of(stage)

    async def test_a_cancelled_key_is_never_reserved_again(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        await reserve(stage, KEY, slot)
        await cancel(stage, KEY)
        assert isinstance(await reserve(stage, KEY, slot), Refused)
        assert slot in await slots_of(stage)

    async def test_cancelling_and_reserving_at_once_leaves_nothing_reserved_after_the_cancellation(
        self, stage: Stage
    ) -> None:
        """The reservation may come first or be refused; a cancellation that was answered stays."""
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        await asyncio.gather(
            stage.workforce.reserve([ReserveCommand(KEY, visit(), slot)], NOW),
            stage.neighbour.cancel([CancelCommand(KEY, "a test")]),
            return_exceptions=True,
        )
        assert await cancel(stage, KEY) == Cancelled()
        assert await find(stage, KEY) == Cancelled()
        assert slot in await slots_of(stage)

    async def test_a_key_that_was_refused_is_cancelled_all_the_same(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slot = (await slots_of(stage))[0]
        await reserve(stage, OTHER, slot)
        assert isinstance(await reserve(stage, KEY, slot), Refused)
        assert await cancel(stage, KEY) == Cancelled()
        assert slot not in await slots_of(stage)

    # Moving

    async def test_a_move_exchanges_one_place_for_another(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        assert await move(stage, KEY, second) == before
        assert await find(stage, KEY) == before
        free = await slots_of(stage)
        assert (first in free, second in free) == (True, False)

    async def test_a_move_that_is_repeated_is_answered_alike(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        answers = [await move(stage, KEY, second, now) for now in (NOW, NOW, LONG_PAST)]
        assert answers == [before] * 3
        assert first in await slots_of(stage)

    async def test_a_move_to_its_own_window_is_a_success_that_changes_nothing(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, *others = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        assert await move(stage, KEY, first) == before
        assert list(await slots_of(stage)) == others

    async def test_a_move_to_a_full_window_is_refused_and_the_place_stays(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *others = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        await reserve(stage, OTHER, second)
        assert isinstance(await move(stage, KEY, second), Refused)
        assert await find(stage, KEY) == before
        assert list(await slots_of(stage)) == others

    async def test_a_move_to_a_window_that_has_begun_is_refused_and_the_place_stays(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        assert isinstance(await move(stage, KEY, second, LONG_PAST), Refused)
        assert await find(stage, KEY) == before
        assert second in await slots_of(stage)

    async def test_a_move_of_a_key_under_which_nothing_is_reserved_is_refused(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        await reserve(stage, KEY, first)
        await cancel(stage, KEY)
        assert isinstance(await move(stage, KEY, second), Refused)
        assert isinstance(await move(stage, OTHER, second), Refused)
        assert (await find(stage, KEY), await find(stage, OTHER)) == (Cancelled(), None)
        assert {first, second} <= set(await slots_of(stage))

    async def test_a_group_of_moves_is_answered_in_its_order(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, third, *_ = await slots_of(stage)
        one, other = await reserve(stage, KEY, first), await reserve(stage, OTHER, second)
        wanted = [(THIRD, third), (KEY, third), (OTHER, third)]
        refused, granted, full = await stage.workforce.move(
            [MoveCommand(key, visit(), slot) for key, slot in wanted], NOW
        )
        assert (type(refused), granted, type(full)) == (Refused, one, Refused)
        assert await find(stage, OTHER) == other
        free = await slots_of(stage)
        assert (first in free, second in free, third in free) == (True, False, False)

    async def test_two_moves_of_one_key_in_one_group_are_both_made(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, third, *_ = await slots_of(stage)
        name = await reserve(stage, KEY, first)
        commands = [MoveCommand(KEY, visit(), slot) for slot in (second, third)]
        assert list(await stage.workforce.move(commands, NOW)) == [name, name]
        free = await slots_of(stage)
        assert (first in free, second in free, third in free) == (True, True, False)

    async def test_moves_against_each_other_from_two_processes_lose_no_place(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        first, second, *_ = await slots_of(stage)
        names = [await reserve(stage, KEY, first), await reserve(stage, OTHER, second)]
        await asyncio.gather(
            stage.workforce.move([MoveCommand(KEY, visit(), second)], NOW),
            stage.neighbour.move([MoveCommand(OTHER, visit(), first)], NOW),
            return_exceptions=True,
        )
        assert [await move(stage, KEY, second), await move(stage, OTHER, first)] == names
        for slot in (first, second):
            assert isinstance(await reserve(stage, f"abcdefgh-{slot.id}", slot), Reserved)
        free = await slots_of(stage)
        assert (first in free, second in free) == (False, False)

    async def test_cancelling_what_was_moved_frees_the_new_place(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        slots = await slots_of(stage)
        await reserve(stage, KEY, slots[0])
        await move(stage, KEY, slots[1])
        assert await cancel(stage, KEY) == Cancelled()
        assert list(await slots_of(stage)) == list(slots)

    # News

    async def test_news_is_read_from_the_beginning_and_from_its_own_cursor(self, stage: Stage) -> None:
        everything = await stage.workforce.news(None)
        assert isinstance(everything.cursor, str)
        later = await stage.workforce.news(everything.cursor)
        assert list(later.items) == []
        assert (await stage.workforce.news(later.cursor)).cursor == later.cursor
