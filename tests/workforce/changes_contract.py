"""What the port promises of changes, of any adapter: places are cancelled and moved, and news is read."""

from __future__ import annotations

import asyncio
import dataclasses

from connect_appointments.workforce.port import (
    CancelCommand,
    Cancelled,
    MoveCommand,
    Refused,
    ReserveCommand,
    Reserved,
)
from tests.workforce.stage import (
    KEY,
    LONG_PAST,
    NOW,
    OTHER,
    THIRD,
    Stage,
    cancel,
    find,
    move,
    next_move,
    reserve,
    slots_of,
    visit,
)


class ChangesContract:
    """The promises of the port about reserved places."""

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

    async def test_a_cancel_that_is_repeated_with_its_number_is_answered_alike(self, stage: Stage) -> None:
        """Its system may refuse it: then the place stays, and the late call of another process changes nothing."""
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        granted = await reserve(stage, KEY, slot)
        await reserve(stage, OTHER, slot)
        answer = await cancel(stage, KEY, number=7)
        left = Cancelled() if answer == Cancelled() else granted
        late = dataclasses.replace(stage, workforce=stage.neighbour)
        for asked in (stage, late, stage):
            assert await cancel(asked, KEY, number=7) == answer
            assert await find(asked, KEY) == left
        assert (slot in await slots_of(stage)) == (answer == Cancelled())

    async def test_a_numbered_cancel_and_an_undoing_give_one_place_back(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        slot = (await slots_of(stage))[0]
        await reserve(stage, KEY, slot)
        await reserve(stage, OTHER, slot)
        await cancel(stage, KEY, number=7)
        assert [await cancel(stage, KEY), await cancel(stage, KEY, number=8)] == [Cancelled()] * 2
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
        number = next_move()
        answers = [await move(stage, KEY, second, now, number=number) for now in (NOW, NOW, LONG_PAST)]
        assert answers == [before] * 3
        assert first in await slots_of(stage)

    async def test_a_move_that_was_refused_stays_refused_when_a_place_comes_free(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        await reserve(stage, KEY, first)
        await reserve(stage, OTHER, second)
        number = next_move()
        assert isinstance(await move(stage, KEY, second, number=number), Refused)
        await cancel(stage, OTHER)
        assert isinstance(await move(stage, KEY, second, number=number), Refused)
        assert second in await slots_of(stage)

    async def test_a_late_move_of_a_lower_number_moves_nothing(self, stage: Stage) -> None:
        """A worker that was paused before its call, while another one made the move and the next."""
        await stage.set_capacity(1)
        first, second, third, *_ = await slots_of(stage)
        await reserve(stage, KEY, first)
        paused, later = next_move(), next_move()
        await move(stage, KEY, third, number=later)
        assert isinstance(await move(stage, KEY, second, number=paused), Refused)
        free = await slots_of(stage)
        assert (first in free, second in free, third in free) == (True, True, False)

    async def test_there_and_back_in_one_group_ends_where_the_last_move_goes(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        name = await reserve(stage, KEY, first)
        commands = [MoveCommand(KEY, visit(), slot, next_move()) for slot in (first, second, first)]
        assert list(await stage.workforce.move(commands, NOW)) == [name] * 3
        free = await slots_of(stage)
        assert (first in free, second in free) == (False, True)

    async def test_an_undone_move_gets_its_place_back_even_if_it_is_full_or_has_begun(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, *_ = await slots_of(stage)
        before = await reserve(stage, KEY, first)
        await move(stage, KEY, second)
        await reserve(stage, OTHER, first)
        assert await move(stage, KEY, first, LONG_PAST, undo=True) == before
        free = await slots_of(stage)
        assert (first in free, second in free) == (False, True)

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
            [MoveCommand(key, visit(), slot, next_move()) for key, slot in wanted], NOW
        )
        assert (type(refused), granted, type(full)) == (Refused, one, Refused)
        assert await find(stage, OTHER) == other
        free = await slots_of(stage)
        assert (first in free, second in free, third in free) == (True, False, False)

    async def test_two_moves_of_one_key_in_one_group_are_both_made(self, stage: Stage) -> None:
        await stage.set_capacity(1)
        first, second, third, *_ = await slots_of(stage)
        name = await reserve(stage, KEY, first)
        commands = [MoveCommand(KEY, visit(), slot, next_move()) for slot in (second, third)]
        assert list(await stage.workforce.move(commands, NOW)) == [name, name]
        free = await slots_of(stage)
        assert (first in free, second in free, third in free) == (True, True, False)

    async def test_moves_against_each_other_from_two_processes_lose_no_place(self, stage: Stage) -> None:
        await stage.set_capacity(2)
        first, second, *_ = await slots_of(stage)
        names = [await reserve(stage, KEY, first), await reserve(stage, OTHER, second)]
        await asyncio.gather(
            stage.workforce.move([MoveCommand(KEY, visit(), second, next_move())], NOW),
            stage.neighbour.move([MoveCommand(OTHER, visit(), first, next_move())], NOW),
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
