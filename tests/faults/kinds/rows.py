"""A transaction of somebody else that stays open on one row: it delays that row, and nobody else."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import asyncpg

from tests.build import ALICE

from ..history import violation
from ..load import Load, date_from
from ..stage import open_stage

if TYPE_CHECKING:
    from ..callers import Caller
    from ..history import Call
    from ..trial import Trial

WAITERS = 16
OTHERS = 24
PATIENCE = {"LOCK_TIMEOUT_SECONDS": "60", "STATEMENT_TIMEOUT_SECONDS": "60"}
"""So that the held row's callers wait for as long as it is held, however slow the machine is."""


async def held_row(trial: Trial) -> None:
    """An open transaction holds a row lock that many cancels wait for; meanwhile other callers use other rows."""
    async with open_stage(orders=100, settings=PATIENCE) as stage:
        await stage.serve_in_two()
        load = Load(stage, stage.urls, timeout_seconds=60)
        callers = [load.caller(ALICE, str(number)) for number in range(WAITERS)]
        orders = itertools.cycle(stage.order_ids(ALICE))
        holder = await asyncpg.connect(stage.database_url)
        for _ in trial.rounds():
            held = await _open_request(callers[0], next(orders))
            async with holder.transaction():
                await holder.execute("SELECT 1 FROM appointment_requests WHERE id = $1 FOR UPDATE", held)
                waiting = [asyncio.create_task(caller.cancel(held)) for caller in callers]
                done = await _others(load, [next(orders) for _ in range(OTHERS)])
                early = [task.result() for task in waiting if task.done()]
            answers = await asyncio.gather(*waiting)
            trial.violations += [violation("did-not-wait", "answered while its row was held", call) for call in early]
            for rule, calls in (("delayed-by-another-row", done), ("held-row-not-cancelled", answers)):
                trial.violations += [violation(rule, "not a 204", call) for call in calls if call.answer.status != 204]
            trial.times += 1
        await holder.close()
        await trial.judge(load)


async def _others(load: Load, orders: list[int]) -> list[Call]:
    """Create, search, read and cancel other requests; the cancellations."""

    async def one(order: int) -> Call:
        caller = load.caller(ALICE, f"other-{order}")
        call = await caller.cancel(await _open_request(caller, order))
        await caller.close()
        return call

    return await asyncio.gather(*(one(order) for order in orders))


async def _open_request(caller: Caller, order: int) -> int:
    request_id = (await caller.create(order, date_from())).id
    assert request_id
    while True:
        if (await caller.read(request_id)).call.answer.state == "open":
            return request_id
        await asyncio.sleep(0.02)
