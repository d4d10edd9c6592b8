"""Commands whose row another transaction has locked: out of the batch, and alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.locking import ROW_LOCKED
from tests.store.batches import Command, Script, spin, without_transactions
from tests.store.test_group_commit import group, script, submitted

__all__ = ["group", "script"]


async def test_a_command_whose_row_is_locked_leaves_its_batch_and_delays_no_other(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.locked = {13}
    locked, *others = submitted(group, 13, 1, 2)
    assert await asyncio.gather(*others) == ["done 1", "done 2"]
    assert await asyncio.gather(*submitted(group, 3)) == ["done 3"]
    assert not locked.done()
    script.unlocked.set()
    assert await locked == "waited 13"
    assert (script.batches, script.alone) == ([[13, 1, 2], [3]], [13])


async def test_commands_of_one_locked_row_wait_one_after_the_other(
    group: GroupCommit[Command, str], script: Script
) -> None:
    script.locked = {13}
    first = submitted(group, 13)
    await spin()
    second = submitted(group, 13)
    await spin()
    assert script.alone == [13]
    script.unlocked.set()
    assert await asyncio.gather(*first, *second) == ["waited 13", "waited 13"]
    assert script.alone == [13, 13]


class OfRow(NamedTuple):
    """A command of many of one row."""

    id: int
    row: str = "the row"

    @property
    def key(self) -> int:
        return self.id


async def test_commands_of_one_row_wait_one_after_the_other_whatever_else_they_ask(script: Script) -> None:
    group = GroupCommit[OfRow, str](without_transactions(), script)
    script.locked = {1, 2, 3}
    calls = [asyncio.create_task(group.submit(OfRow(n, row))) for n, row in ((1, "a"), (2, "a"), (3, "b"))]
    await spin()
    assert script.alone == [1, 3]
    script.unlocked.set()
    assert await asyncio.gather(*calls) == ["waited 1", "waited 2", "waited 3"]


async def test_a_row_that_stays_locked_ends_in_unavailable(script: Script) -> None:
    group = GroupCommit[Command, str](without_transactions(lock_timeout_seconds=0.05), script)
    script.locked = {13}
    async with asyncio.timeout(10):
        results = await asyncio.gather(*submitted(group, 13, 1), return_exceptions=True)
    assert isinstance(results[0], Unavailable)
    assert results[1] == "done 1"
    assert script.alone == [13]


async def test_a_row_that_is_locked_after_all_is_not_waited_for_again() -> None:
    async def run(_: Any, commands: Sequence[Command], *, wait: bool) -> list[Any]:
        return [ROW_LOCKED] * len(commands)

    group = GroupCommit[Command, str](without_transactions(), run)
    with pytest.raises(Unavailable):
        await group.submit(Command(1))


async def test_a_caller_that_goes_away_waits_for_no_row_any_more(script: Script) -> None:
    database = without_transactions()
    group = GroupCommit[Command, str](database, script)
    script.locked = {13}
    (gone,) = submitted(group, 13)
    await spin()
    gone.cancel()
    await spin()
    (here,) = submitted(group, 13)
    await spin()
    assert script.alone == [13, 13]
    script.unlocked.set()
    assert await here == "waited 13"
    assert database.row_waits._rows._locks == {}
