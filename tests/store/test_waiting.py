"""Who may wait for a batch: as many as are served in time, and nobody keeps another owner out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.store.waiting import LONGEST_WAIT_SECONDS, PACES, Waiting

from connect_appointments.core.errors import Overloaded

BATCH = 4
MOST = 40


class Wish(NamedTuple):
    """A member."""

    id: int
    owner: str = "alice"

    @property
    def key(self) -> tuple[int, str]:
        return self


Queue = Waiting[Wish, str]


@pytest.fixture
async def waiting() -> Queue:
    return Waiting(max_batch=BATCH, max_waiting=MOST)


def add(waiting: Queue, owner: str, count: int, first: int = 0) -> list[asyncio.Future[str]]:
    return [waiting.add(Wish(n, owner)) for n in range(first, first + count)]


def taken(waiting: Queue) -> list[Wish]:
    found = []
    while waiting:
        found += [member for member, _ in waiting.take()]
    return found


def is_sent_away(future: asyncio.Future[str]) -> bool:
    return future.done() and isinstance(future.exception(), Overloaded)


def slow(waiting: Queue, seconds: float, times: int = PACES) -> None:
    for _ in range(times):
        waiting.served(seconds)


async def test_one_more_than_may_wait_is_refused(waiting: Queue) -> None:
    add(waiting, "alice", MOST)
    with pytest.raises(Overloaded):
        waiting.add(Wish(MOST))
    waiting.take()
    add(waiting, "alice", BATCH, MOST)
    with pytest.raises(Overloaded):
        waiting.add(Wish(2 * MOST))


async def test_they_are_served_in_the_order_they_came(waiting: Queue) -> None:
    add(waiting, "alice", 3)
    add(waiting, "bob", 3)
    assert taken(waiting) == [Wish(n, owner) for owner in ("alice", "bob") for n in range(3)]


async def test_who_has_most_makes_room_for_another_until_both_have_the_same(waiting: Queue) -> None:
    of_alice = add(waiting, "alice", MOST)
    of_bob = add(waiting, "bob", MOST // 2)
    with pytest.raises(Overloaded):
        waiting.add(Wish(MOST, "bob"))
    assert [is_sent_away(future) for future in of_alice] == [False] * (MOST // 2) + [True] * (MOST // 2)
    assert not any(future.done() for future in of_bob)
    assert len(taken(waiting)) == MOST


async def test_a_third_owner_takes_from_who_has_most(waiting: Queue) -> None:
    of_alice = add(waiting, "alice", MOST - 5)
    of_bob = add(waiting, "bob", 5)
    add(waiting, "carol", 5)
    assert not any(future.done() for future in of_bob)
    assert [is_sent_away(future) for future in of_alice] == [False] * (MOST - 10) + [True] * 5


async def test_an_owner_alone_may_take_all_the_room(waiting: Queue) -> None:
    assert len(add(waiting, "alice", MOST)) == MOST


async def test_equal_calls_take_a_place_each_and_are_sent_away_one_by_one(waiting: Queue) -> None:
    same = [waiting.add(Wish(1)) for _ in range(MOST)]
    waiting.add(Wish(1, "bob"))
    assert [is_sent_away(future) for future in same] == [False] * (MOST - 1) + [True]
    assert taken(waiting) == [Wish(1), Wish(1, "bob")]
    add(waiting, "bob", MOST)


async def test_a_caller_that_went_away_can_be_sent_away(waiting: Queue) -> None:
    of_alice = add(waiting, "alice", MOST)
    of_alice[-1].cancel()
    waiting.add(Wish(1, "bob"))
    assert of_alice[-1].cancelled()
    assert len(taken(waiting)) == MOST


@pytest.mark.parametrize(
    ("seconds", "batches"),
    [(0, 10), (LONGEST_WAIT_SECONDS / 10, 10), (LONGEST_WAIT_SECONDS / 2.5, 2), (LONGEST_WAIT_SECONDS * 9, 1)],
)
async def test_there_is_room_for_as_many_as_are_served_in_time_and_for_one_batch(
    waiting: Queue, seconds: float, batches: int
) -> None:
    slow(waiting, seconds)
    add(waiting, "alice", BATCH * batches)
    with pytest.raises(Overloaded):
        waiting.add(Wish(MOST))


async def test_those_for_whom_there_is_no_room_any_more_are_sent_away_last_come_first(waiting: Queue) -> None:
    futures = add(waiting, "alice", MOST)
    slow(waiting, 1)
    assert [is_sent_away(future) for future in futures] == [False] * BATCH + [True] * (MOST - BATCH)
    assert taken(waiting) == [Wish(n) for n in range(BATCH)]


async def test_one_slow_batch_among_others_is_no_jam(waiting: Queue) -> None:
    futures = add(waiting, "alice", MOST)
    slow(waiting, 0.001)
    slow(waiting, 1, PACES - 1)
    assert not any(future.done() for future in futures)


async def test_the_first_batches_which_have_to_connect_are_no_jam(waiting: Queue) -> None:
    slow(waiting, 1, PACES - 1)
    assert len(add(waiting, "alice", MOST)) == MOST


async def test_room_is_back_with_the_first_quick_batch(waiting: Queue) -> None:
    slow(waiting, 1)
    waiting.served(0.001)
    assert len(add(waiting, "alice", MOST)) == MOST


async def test_a_group_tells_how_long_its_batches_take() -> None:
    async def run(members: Sequence[Wish]) -> list[str]:
        await asyncio.sleep(LONGEST_WAIT_SECONDS)
        return ["done"] * len(members)

    group = GroupCommit[Wish, str](run, max_batch=BATCH, max_waiting=MOST)
    for number in range(PACES):
        await group.submit(Wish(number))
    calls = [asyncio.create_task(group.submit(Wish(n))) for n in range(MOST)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    # The first of them is in flight when the others come.
    assert [one == "done" for one in found] == [True] * BATCH + [False] * (MOST - BATCH)
    assert {type(one) for one in found} == {str, Overloaded}
