"""Commands that wait for locked rows: one of each row at a time, within one bound for all of them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from connect_appointments.core.errors import Overloaded, Unavailable
from connect_appointments.store.batching.bulkhead import Bulkhead
from connect_appointments.store.batching.keyed_lock import KeyedLock
from connect_appointments.store.batching.row_waits import MAX_WAITING, RowWaits
from connect_appointments.store.options import DatabaseOptions
from tests.store.batches import spin


class Work:
    """Work that is under way until the test lets it go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.going_on = asyncio.Event()

    async def run(self, name: str) -> str:
        self.begun.append(name)
        await self.going_on.wait()
        return f"done {name}"


@pytest.fixture
async def work() -> Work:
    return Work()


def waits(**options: float) -> RowWaits:
    return RowWaits(DatabaseOptions(**options))


def start(rows: RowWaits, work: Work, *names: str, owner: str = "alice") -> list[asyncio.Task[str]]:
    """Let commands wait, each for the row of the first letter of its name."""
    return [asyncio.create_task(rows.run(name[0], owner, lambda name=name: work.run(name))) for name in names]


async def test_the_commands_of_one_row_wait_one_at_a_time_in_their_order(work: Work) -> None:
    calls = start(waits(), work, "a1", "a2", "b1", "a3")
    await spin()
    assert work.begun == ["a1", "b1"]
    work.going_on.set()
    assert await asyncio.gather(*calls) == ["done a1", "done a2", "done b1", "done a3"]
    assert work.begun == ["a1", "b1", "a2", "a3"]


@pytest.mark.parametrize(("pool_size", "at_once"), [(1, 1), (2, 1), (10, 5)])
async def test_half_of_the_connections_wait_for_rows_and_half_are_left(
    work: Work, pool_size: int, at_once: int
) -> None:
    calls = start(waits(pool_size=pool_size), work, *"abcdefgh")
    await spin()
    assert work.begun == list("abcdefgh")[:at_once]
    work.going_on.set()
    assert len(await asyncio.gather(*calls)) == 8


async def test_a_command_waits_for_its_turn_and_its_row_within_one_limit(work: Work) -> None:
    rows = waits(lock_timeout_seconds=0.05, pool_size=1)
    async with asyncio.timeout(10):
        results = await asyncio.gather(*start(rows, work, "a1", "a2", "b1"), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    assert work.begun == ["a1"]
    work.going_on.set()
    assert await asyncio.gather(*start(rows, work, "a3")) == ["done a3"]


async def test_what_a_command_raises_is_handed_on(work: Work) -> None:
    async def fail() -> str:
        raise LookupError

    rows = waits()
    with pytest.raises(LookupError):
        await rows.run("a", "alice", fail)
    work.going_on.set()
    assert await asyncio.gather(*start(rows, work, "a")) == ["done a"]


async def test_a_command_that_is_given_up_leaves_its_place_to_the_next(work: Work) -> None:
    rows = waits(pool_size=1)
    first, second, third = start(rows, work, "a1", "a2", "b1")
    await spin()
    first.cancel()
    second.cancel()
    await spin()
    assert work.begun == ["a1", "b1"]
    work.going_on.set()
    assert await third == "done b1"


async def test_one_owner_leaves_half_of_the_places_to_others(work: Work) -> None:
    rows = waits()
    calls = start(rows, work, *(["a"] * (MAX_WAITING // 2)))
    await spin()
    with pytest.raises(Overloaded):
        await rows.run("b", "alice", lambda: work.run("b"))
    of_bob = start(rows, work, "c", owner="bob")
    work.going_on.set()
    assert await asyncio.gather(*of_bob) == ["done c"]
    assert len(await asyncio.gather(*calls)) == MAX_WAITING // 2


def test_a_bulkhead_admits_as_many_as_it_has_capacity_for() -> None:
    bulkhead = Bulkhead(4)
    with contextlib.ExitStack() as stack:
        for owner in ("alice", "alice", "bob", "carol"):
            stack.enter_context(bulkhead.admitted(owner))
        with pytest.raises(Overloaded), bulkhead.admitted("dave"):
            pass
    with bulkhead.admitted("dave"):
        pass


@pytest.mark.parametrize(("capacity", "most"), [(1, 1), (2, 1), (3, 2), (8, 4)])
def test_a_bulkhead_admits_one_owner_to_half_of_it(capacity: int, most: int) -> None:
    bulkhead = Bulkhead(capacity)
    with contextlib.ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(bulkhead.admitted("alice"))
        with pytest.raises(Overloaded), bulkhead.admitted("alice"):
            pass
        for _ in range(capacity - most):
            stack.enter_context(bulkhead.admitted("bob"))


def test_a_bulkhead_has_its_capacity_back_after_an_error() -> None:
    bulkhead = Bulkhead(1)
    for _ in range(3):
        with pytest.raises(LookupError), bulkhead.admitted("alice"):
            raise LookupError
    assert bulkhead._admitted == {}


async def test_a_key_is_locked_by_one_at_a_time_and_the_others_are_free() -> None:
    lock, steps = KeyedLock(), []

    async def step(key: str, name: str) -> None:
        async with lock.locked(key):
            steps.append(f"{name} in")
            await spin()
            steps.append(f"{name} out")

    await asyncio.gather(step("a", "first"), step("a", "second"), step("b", "other"))
    assert steps.index("first out") < steps.index("second in")
    assert steps.index("other in") < steps.index("first out")


async def test_the_lock_of_a_key_is_there_only_while_it_is_wanted() -> None:
    lock = KeyedLock()

    async def hold() -> None:
        async with lock.locked("a"):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold()) for _ in range(3)]
    await spin()
    assert list(lock._locks) == ["a"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (lock._locks, lock._wanted) == ({}, {})
