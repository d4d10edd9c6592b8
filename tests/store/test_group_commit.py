"""Group commit: what goes together, in which order, and what happens when something fails."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from connect_appointments.core.errors import NotFound, Overloaded, Unavailable
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import RETRIES
from tests.store.batches import Command, Script, spin, without_transactions

CONFLICT = asyncpg.SerializationError("could not serialize access")


def submitted(group: GroupCommit[Command, str], *ids: int) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(group.submit(Command(n))) for n in ids]


@pytest.fixture
async def script() -> Script:
    return Script()


@pytest.fixture
async def group(script: Script) -> GroupCommit[Command, str]:
    return GroupCommit(without_transactions(), script)


async def test_a_call_alone_goes_at_once(group: GroupCommit[Command, str], script: Script) -> None:
    assert await group.submit(Command(1)) == "done 1"
    assert script.batches == [[1]]


async def test_calls_that_come_during_a_batch_go_together_in_the_next(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.open.clear()
    first = submitted(group, 1)
    await spin()
    rest = submitted(group, 4, 2, 3)
    await spin()
    script.open.set()
    assert await asyncio.gather(*first, *rest) == ["done 1", "done 4", "done 2", "done 3"]
    assert script.batches == [[1], [4, 2, 3]]


async def test_one_batch_is_in_flight_at_a_time(group: GroupCommit[Command, str], script: Script) -> None:
    async def caller(first: int) -> None:
        for n in range(5):
            assert await group.submit(Command(first + n)) == f"done {first + n}"
            await asyncio.sleep(0)

    await asyncio.gather(*(caller(100 * n) for n in range(20)))
    assert script.most_in_flight == 1
    assert sum(map(len, script.batches)) == 100


async def test_equal_calls_are_one_command_and_share_its_result(
    group: GroupCommit[Command, str], script: Script
) -> None:
    assert await asyncio.gather(*submitted(group, 1, 2, 1, 1)) == ["done 1", "done 2", "done 1", "done 1"]
    assert script.batches == [[1, 2]]


async def test_a_call_that_comes_during_its_equal_is_served_by_the_next_batch() -> None:
    """What it reads must not be older than itself."""
    now = 0
    going_on = asyncio.Event()

    async def read(_: Any, commands: Sequence[Command], *, wait: bool) -> list[int]:
        seen = now
        await going_on.wait()
        return [seen] * len(commands)

    group = GroupCommit[Command, int](without_transactions(), read, reads=True)
    first = asyncio.create_task(group.submit(Command(1)))
    await spin()
    now = 1
    second = asyncio.create_task(group.submit(Command(1)))
    await spin()
    going_on.set()
    assert (await first, await second) == (0, 1)


async def test_a_large_crowd_is_split_into_batches_in_its_order(script: Script) -> None:
    group = GroupCommit[Command, str](without_transactions(), script, max_batch=3)
    assert await asyncio.gather(*submitted(group, *range(7))) == [f"done {n}" for n in range(7)]
    assert script.batches == [[0, 1, 2], [3, 4, 5], [6]]


async def test_each_caller_gets_its_own_result_whatever_the_crowd(script: Script) -> None:
    choose = random.Random(1)  # noqa: S311 - a crowd that is the same every time
    group = GroupCommit[Command, str](without_transactions(), script, max_batch=7)

    async def caller() -> None:
        wanted = choose.randrange(50)
        for _ in range(choose.randrange(5)):
            await asyncio.sleep(0)
        assert await group.submit(Command(wanted)) == f"done {wanted}"

    await asyncio.gather(*(caller() for _ in range(500)))


async def test_one_bad_command_fails_alone(group: GroupCommit[Command, str], script: Script) -> None:
    script.fail = lambda commands: ValueError("bad") if any(command.id == 13 for command in commands) else None
    results = await asyncio.gather(*submitted(group, 1, 13, 2), return_exceptions=True)
    assert [str(result) for result in results] == ["done 1", "bad", "done 2"]
    assert isinstance(results[1], ValueError)
    assert script.batches == [[1, 13, 2], [1], [13], [2]]


async def test_a_command_that_always_conflicts_fails_alone(group: GroupCommit[Command, str], script: Script) -> None:
    script.fail = lambda commands: CONFLICT if any(command.id == 13 for command in commands) else None
    results = await asyncio.gather(*submitted(group, 1, 13, 2), return_exceptions=True)
    assert results[0::2] == ["done 1", "done 2"]
    assert isinstance(results[1], Unavailable)


@pytest.mark.parametrize("count", [2, 256])
async def test_commands_that_always_conflict_are_given_up(
    group: GroupCommit[Command, str], script: Script, count: int
) -> None:
    """Errors are retried in one layer, within one limit for the whole batch."""
    script.fail = lambda _: CONFLICT
    results = await asyncio.gather(*submitted(group, *range(count)), return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    runs = [sum(command in batch for batch in script.batches) for command in range(count)]
    # Together, with retries, and then each alone once, as far as there is time.
    assert max(runs) <= RETRIES + 2
    assert len(script.batches) <= RETRIES + 1 + count
    assert script.batches[-1] != list(range(count))


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
    group: GroupCommit[Command, str], script: Script, failure: Exception
) -> None:
    script.fail = lambda _: failure if len(script.batches) < 3 else None
    assert await asyncio.gather(*submitted(group, 1, 2)) == ["done 1", "done 2"]
    assert script.batches == [[1, 2]] * 3


async def test_a_database_that_is_gone_is_told_to_all_and_forgotten(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.fail = lambda _: ConnectionRefusedError("refused")
    results = await asyncio.gather(*submitted(group, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert all(batch == [1, 2] for batch in script.batches)
    script.fail = lambda _: None
    assert await group.submit(Command(3)) == "done 3"


@pytest.mark.parametrize(
    "failure",
    [TimeoutError(), asyncpg.QueryCanceledError("statement timeout"), asyncpg.LockNotAvailableError("lock timeout")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_database_that_let_time_run_out_is_not_asked_again(
    group: GroupCommit[Command, str], script: Script, failure: Exception
) -> None:
    script.fail = lambda _: failure
    results = await asyncio.gather(*submitted(group, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert script.batches == [[1, 2]]


async def test_a_caller_that_goes_away_disturbs_nobody(group: GroupCommit[Command, str], script: Script) -> None:
    script.open.clear()
    in_flight = submitted(group, 1, 1, 2)
    await spin()
    waiting = submitted(group, 3, 3, 4)
    await spin()
    for gone in (in_flight[0], waiting[0]):
        gone.cancel()
    await spin()
    script.open.set()
    results = await asyncio.gather(*in_flight, *waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["", "done 1", "done 2", "", "done 3", "done 4"]
    assert script.batches == [[1, 2], [3, 4]]


async def test_the_last_caller_that_goes_away_leaves_the_group_idle(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.open.clear()
    (only,) = submitted(group, 1)
    await spin()
    assert group._task is not None
    only.cancel()
    script.open.set()
    await spin()
    assert group._task is None


async def test_more_callers_than_may_wait_are_refused_and_the_others_are_not(script: Script) -> None:
    group = GroupCommit[Command, str](without_transactions(), script, max_waiting=2)
    script.open.clear()
    running = submitted(group, 1)
    await spin()
    waiting = submitted(group, 2, 2)
    await spin()
    with pytest.raises(Overloaded):
        await group.submit(Command(3))
    script.open.set()
    assert await asyncio.gather(*running, *waiting) == ["done 1", "done 2", "done 2"]
    assert await group.submit(Command(3)) == "done 3"
    assert script.batches == [[1], [2], [3]]


@pytest.mark.parametrize("results", [[], ["one"], ["one", "two", "three"]])
async def test_results_that_cannot_be_told_apart_are_given_to_nobody(results: list[str]) -> None:
    async def run(_: Any, __: Sequence[Command], *, wait: bool) -> list[str]:
        return results

    group = GroupCommit[Command, str](without_transactions(), run)
    async with asyncio.timeout(5):
        found = await asyncio.gather(*submitted(group, 1, 2), return_exceptions=True)
    if len(results) != 1:
        assert [type(result) for result in found] == [AssertionError, AssertionError]
    else:
        # Alone, each member has exactly the one result there is.
        assert found == ["one", "one"]


async def test_a_refusal_is_raised_to_its_own_caller_alone() -> None:
    async def run(_: Any, commands: Sequence[Command], *, wait: bool) -> list[Any]:
        return [NotFound() if command.id == 13 else "done" for command in commands]

    group = GroupCommit[Command, str](without_transactions(), run)
    results = await asyncio.gather(*submitted(group, 1, 13, 13), return_exceptions=True)
    assert results[0] == "done"
    assert [type(result) for result in results[1:]] == [NotFound, NotFound]


async def test_what_is_not_repeatable_is_not_run_again_after_an_unknown_outcome(script: Script) -> None:
    group = GroupCommit[Command, str](without_transactions(), script, repeatable=False)
    script.fail = lambda _: ConnectionResetError("reset")
    results = await asyncio.gather(*submitted(group, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert script.batches == [[1, 2]]


async def test_many_are_submitted_together_and_answered_in_their_order(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.locked = {2, 4}
    script.unlocked.set()
    script.fail = lambda commands: ValueError("bad") if commands[-1].id == 4 and len(commands) == 1 else None
    found = await group.submit_all([Command(n) for n in range(6)])
    assert [str(one) for one in found] == ["done 0", "done 1", "waited 2", "done 3", "bad", "done 5"]
    assert isinstance(found[4], ValueError)
    assert script.batches == [[0, 1, 2, 3, 4, 5]]


async def test_to_submit_none_asks_nothing(group: GroupCommit[Command, str], script: Script) -> None:
    assert await group.submit_all([]) == []
    assert script.batches == []
