"""Group commit: what goes together, in which order, and what happens when something fails."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import asyncpg
import pytest
from connect_appointments.store.group_commit import GroupCommit

from connect_appointments.core.errors import Overloaded, Unavailable


class Wish(NamedTuple):
    """A member: `name` is what it has in common with another of the same key."""

    id: int
    name: str = ""

    @property
    def key(self) -> int:
        return self.id


class Statement:
    """Runs batches: notes them, waits for its gate, fails as it is told, and answers `done <id>`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.open = asyncio.Event()
        self.open.set()
        self.fail: Callable[[Sequence[Wish]], Exception | None] = lambda _: None

    async def __call__(self, members: Sequence[Wish]) -> list[str]:
        self.batches.append([member.id for member in members])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.open.wait()
        self.in_flight -= 1
        failure = self.fail(members)
        if failure is not None:
            raise failure
        return [f"done {member.id}" for member in members]


async def _spin() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def _ask(group: GroupCommit[Wish, str], *ids: int) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(group.submit(Wish(n))) for n in ids]


@pytest.fixture
async def statement() -> Statement:
    return Statement()


@pytest.fixture
async def group(statement: Statement) -> GroupCommit[Wish, str]:
    return GroupCommit(statement)


async def test_a_call_alone_goes_at_once(group: GroupCommit[Wish, str], statement: Statement) -> None:
    assert await group.submit(Wish(1)) == "done 1"
    assert statement.batches == [[1]]


async def test_calls_that_come_during_a_batch_go_together_in_the_next(
    group: GroupCommit[Wish, str], statement: Statement
) -> None:
    statement.open.clear()
    first = _ask(group, 1)
    await _spin()
    rest = _ask(group, 4, 2, 3)
    await _spin()
    statement.open.set()
    assert await asyncio.gather(*first, *rest) == ["done 1", "done 4", "done 2", "done 3"]
    assert statement.batches == [[1], [4, 2, 3]]


async def test_one_batch_is_in_flight_at_a_time(group: GroupCommit[Wish, str], statement: Statement) -> None:
    async def caller(first: int) -> None:
        for n in range(5):
            assert await group.submit(Wish(first + n)) == f"done {first + n}"
            await asyncio.sleep(0)

    await asyncio.gather(*(caller(100 * n) for n in range(20)))
    assert statement.most_in_flight == 1
    assert sum(map(len, statement.batches)) == 100


async def test_equal_calls_are_one_member_and_share_its_result(
    group: GroupCommit[Wish, str], statement: Statement
) -> None:
    assert await asyncio.gather(*_ask(group, 1, 2, 1, 1)) == ["done 1", "done 2", "done 1", "done 1"]
    assert statement.batches == [[1, 2]]


async def test_a_call_that_comes_during_its_equal_is_served_by_the_next_batch() -> None:
    """What it reads must not be older than itself."""
    now = 0
    going_on = asyncio.Event()

    async def read(members: Sequence[Wish]) -> list[int]:
        seen = now
        await going_on.wait()
        return [seen] * len(members)

    group = GroupCommit[Wish, int](read)
    first = asyncio.create_task(group.submit(Wish(1)))
    await _spin()
    now = 1
    second = asyncio.create_task(group.submit(Wish(1)))
    await _spin()
    going_on.set()
    assert (await first, await second) == (0, 1)


async def test_a_large_crowd_is_split_into_batches_in_its_order(statement: Statement) -> None:
    group = GroupCommit[Wish, str](statement, max_batch=3)
    assert await asyncio.gather(*_ask(group, *range(7))) == [f"done {n}" for n in range(7)]
    assert statement.batches == [[0, 1, 2], [3, 4, 5], [6]]


async def test_each_caller_gets_its_own_result_whatever_the_crowd(statement: Statement) -> None:
    choose = random.Random(1)  # noqa: S311 - a crowd that is the same every time
    group = GroupCommit[Wish, str](statement, max_batch=7)

    async def caller() -> None:
        wanted = choose.randrange(50)
        for _ in range(choose.randrange(5)):
            await asyncio.sleep(0)
        assert await group.submit(Wish(wanted)) == f"done {wanted}"

    await asyncio.gather(*(caller() for _ in range(500)))


async def test_one_bad_member_fails_alone(group: GroupCommit[Wish, str], statement: Statement) -> None:
    statement.fail = lambda members: ValueError("bad") if any(member.id == 13 for member in members) else None
    results = await asyncio.gather(*_ask(group, 1, 13, 2), return_exceptions=True)
    assert [str(result) for result in results] == ["done 1", "bad", "done 2"]
    assert isinstance(results[1], ValueError)
    assert statement.batches == [[1, 13, 2], [1], [13], [2]]


async def test_a_member_that_always_conflicts_fails_alone(group: GroupCommit[Wish, str], statement: Statement) -> None:
    conflict = asyncpg.SerializationError("could not serialize access")
    statement.fail = lambda members: conflict if any(member.id == 13 for member in members) else None
    results = await asyncio.gather(*_ask(group, 1, 13, 2), return_exceptions=True)
    assert results[0::2] == ["done 1", "done 2"]
    assert isinstance(results[1], Unavailable)


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        ConnectionResetError("reset"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_may_pass_is_tried_again(
    group: GroupCommit[Wish, str], statement: Statement, failure: Exception
) -> None:
    statement.fail = lambda _: failure if len(statement.batches) < 3 else None
    assert await asyncio.gather(*_ask(group, 1, 2)) == ["done 1", "done 2"]
    assert statement.batches == [[1, 2]] * 3


async def test_a_database_that_is_gone_is_told_to_all_and_forgotten(
    group: GroupCommit[Wish, str], statement: Statement
) -> None:
    statement.fail = lambda _: ConnectionRefusedError("refused")
    results = await asyncio.gather(*_ask(group, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert all(batch == [1, 2] for batch in statement.batches)
    statement.fail = lambda _: None
    assert await group.submit(Wish(3)) == "done 3"


@pytest.mark.parametrize(
    "failure",
    [TimeoutError(), asyncpg.QueryCanceledError("statement timeout"), asyncpg.LockNotAvailableError("lock timeout")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_database_that_let_time_run_out_is_not_asked_again(
    group: GroupCommit[Wish, str], statement: Statement, failure: Exception
) -> None:
    statement.fail = lambda _: failure
    results = await asyncio.gather(*_ask(group, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert statement.batches == [[1, 2]]


async def test_a_caller_that_goes_away_disturbs_nobody(group: GroupCommit[Wish, str], statement: Statement) -> None:
    statement.open.clear()
    in_flight = _ask(group, 1, 1, 2)
    await _spin()
    waiting = _ask(group, 3, 3, 4)
    await _spin()
    for gone in (in_flight[0], waiting[0]):
        gone.cancel()
    await _spin()
    statement.open.set()
    results = await asyncio.gather(*in_flight, *waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["", "done 1", "done 2", "", "done 3", "done 4"]
    assert statement.batches == [[1, 2], [3, 4]]


async def test_the_last_caller_that_goes_away_leaves_the_group_idle(
    group: GroupCommit[Wish, str], statement: Statement
) -> None:
    statement.open.clear()
    (only,) = _ask(group, 1)
    await _spin()
    assert not group.idle
    only.cancel()
    statement.open.set()
    await _spin()
    assert group.idle


async def test_more_callers_than_may_wait_are_refused_and_the_others_are_not(statement: Statement) -> None:
    group = GroupCommit[Wish, str](statement, max_waiting=2)
    statement.open.clear()
    running = _ask(group, 1)
    await _spin()
    waiting = _ask(group, 2, 2)
    await _spin()
    with pytest.raises(Overloaded):
        await group.submit(Wish(3))
    statement.open.set()
    assert await asyncio.gather(*running, *waiting) == ["done 1", "done 2", "done 2"]
    assert await group.submit(Wish(3)) == "done 3"
    assert statement.batches == [[1], [2], [3]]


@pytest.mark.parametrize("results", [[], ["one"], ["one", "two", "three"]])
async def test_results_that_cannot_be_told_apart_are_given_to_nobody(results: list[str]) -> None:
    async def run(_: Sequence[Wish]) -> list[str]:
        return results

    group = GroupCommit[Wish, str](run)
    async with asyncio.timeout(5):
        found = await asyncio.gather(*_ask(group, 1, 2), return_exceptions=True)
    if len(results) != 1:
        assert [type(result) for result in found] == [AssertionError, AssertionError]
    else:
        # Alone, each member has exactly the one result there is.
        assert found == ["one", "one"]
