"""Calls that wait for a batch: as many as are served in time, and no owner keeps another one out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from connect_appointments.core.errors import Overloaded
from connect_appointments.store.batching.batch_queue import LONGEST_WAIT_SECONDS, PACES, BatchQueue
from connect_appointments.store.batching.group_commit import GroupCommit
from tests.store.batches import Command, without_transactions

BATCH = 4
MOST = 40

Queue = BatchQueue[Command, str]


@pytest.fixture
async def queue() -> Queue:
    return BatchQueue(max_batch=BATCH, max_waiting=MOST)


def add(queue: Queue, owner: str, count: int, first: int = 0) -> list[asyncio.Future[str]]:
    return [queue.add(Command(n, owner)) for n in range(first, first + count)]


def taken(queue: Queue) -> list[Command]:
    found = []
    while queue:
        found += [command for command, _ in queue.take()]
    return found


def is_shed(future: asyncio.Future[str]) -> bool:
    return future.done() and isinstance(future.exception(), Overloaded)


def slow(queue: Queue, seconds: float, times: int = PACES) -> None:
    for _ in range(times):
        queue.served(seconds)


async def test_one_more_than_may_wait_is_refused(queue: Queue) -> None:
    add(queue, "alice", MOST)
    with pytest.raises(Overloaded):
        queue.add(Command(MOST))
    queue.take()
    add(queue, "alice", BATCH, MOST)
    with pytest.raises(Overloaded):
        queue.add(Command(2 * MOST))


async def test_they_are_served_in_the_order_they_came(queue: Queue) -> None:
    add(queue, "alice", 3)
    add(queue, "bob", 3)
    assert taken(queue) == [Command(n, owner) for owner in ("alice", "bob") for n in range(3)]


async def test_who_has_most_makes_room_for_another_until_both_have_the_same(queue: Queue) -> None:
    of_alice = add(queue, "alice", MOST)
    of_bob = add(queue, "bob", MOST // 2)
    with pytest.raises(Overloaded):
        queue.add(Command(MOST, "bob"))
    assert [is_shed(future) for future in of_alice] == [False] * (MOST // 2) + [True] * (MOST // 2)
    assert not any(future.done() for future in of_bob)
    assert len(taken(queue)) == MOST


async def test_no_call_is_shed_where_its_owner_would_only_change_places_with_the_other() -> None:
    queue = Queue(max_batch=BATCH, max_waiting=3)
    of_alice, of_bob = add(queue, "alice", 2), add(queue, "bob", 1)
    with pytest.raises(Overloaded):
        queue.add(Command(2, "bob"))
    assert not any(future.done() for future in of_alice + of_bob)


async def test_a_third_owner_takes_from_who_has_most(queue: Queue) -> None:
    of_alice = add(queue, "alice", MOST - 5)
    of_bob = add(queue, "bob", 5)
    add(queue, "carol", 5)
    assert not any(future.done() for future in of_bob)
    assert [is_shed(future) for future in of_alice] == [False] * (MOST - 10) + [True] * 5


async def test_an_owner_alone_may_take_all_the_room(queue: Queue) -> None:
    assert len(add(queue, "alice", MOST)) == MOST


async def test_equal_calls_take_a_place_each_and_are_shed_one_by_one(queue: Queue) -> None:
    same = [queue.add(Command(1)) for _ in range(MOST)]
    queue.add(Command(1, "bob"))
    assert [is_shed(future) for future in same] == [False] * (MOST - 1) + [True]
    assert taken(queue) == [Command(1), Command(1, "bob")]
    add(queue, "bob", MOST)


async def test_a_caller_that_went_away_can_be_shed(queue: Queue) -> None:
    of_alice = add(queue, "alice", MOST)
    of_alice[-1].cancel()
    queue.add(Command(1, "bob"))
    assert of_alice[-1].cancelled()
    assert len(taken(queue)) == MOST


@pytest.mark.parametrize(
    ("seconds", "batches"),
    [(0, 10), (LONGEST_WAIT_SECONDS / 10, 10), (LONGEST_WAIT_SECONDS / 2.5, 2), (LONGEST_WAIT_SECONDS * 9, 1)],
)
async def test_there_is_room_for_as_many_as_are_served_in_time_and_for_one_batch(
    queue: Queue, seconds: float, batches: int
) -> None:
    slow(queue, seconds)
    add(queue, "alice", BATCH * batches)
    with pytest.raises(Overloaded):
        queue.add(Command(MOST))


async def test_those_for_whom_there_is_no_room_any_more_are_shed_last_come_first(queue: Queue) -> None:
    futures = add(queue, "alice", MOST)
    slow(queue, 1)
    assert [is_shed(future) for future in futures] == [False] * BATCH + [True] * (MOST - BATCH)
    assert taken(queue) == [Command(n) for n in range(BATCH)]


async def test_one_slow_batch_among_others_is_no_jam(queue: Queue) -> None:
    futures = add(queue, "alice", MOST)
    slow(queue, 0.001)
    slow(queue, 1, PACES - 1)
    assert not any(future.done() for future in futures)


async def test_the_first_batches_which_have_to_connect_are_no_jam(queue: Queue) -> None:
    slow(queue, 1, PACES - 1)
    assert len(add(queue, "alice", MOST)) == MOST


async def test_room_is_back_with_the_first_quick_batch(queue: Queue) -> None:
    slow(queue, 1)
    queue.served(0.001)
    assert len(add(queue, "alice", MOST)) == MOST


async def test_one_without_an_owner_is_of_the_owner_of_all_others_without(queue: Queue) -> None:
    class Nobodys:
        key = "the same"

    first = [queue.add(Nobodys()) for _ in range(MOST)]  # type: ignore[arg-type]
    queue.add(Command(1))
    assert [is_shed(future) for future in first] == [False] * (MOST - 1) + [True]


async def test_a_group_tells_how_long_its_batches_take() -> None:
    async def run(_: Any, commands: Sequence[Command], *, wait: bool) -> list[str]:
        await asyncio.sleep(LONGEST_WAIT_SECONDS)
        return ["done"] * len(commands)

    group = GroupCommit[Command, str](without_transactions(), run, max_batch=BATCH, max_waiting=MOST)
    for number in range(PACES):
        await group.submit(Command(number))
    calls = [asyncio.create_task(group.submit(Command(n))) for n in range(MOST)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    # The first of them is in flight when the others come.
    assert [one == "done" for one in found] == [True] * BATCH + [False] * (MOST - BATCH)
    assert {type(one) for one in found} == {str, Overloaded}
