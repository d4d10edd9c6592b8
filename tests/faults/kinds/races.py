"""64 callers who cancel and book the same requests at once: no fault but the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.build import ALICE

from ..load import Load, date_from
from ..race import Plan, race
from ..stage import open_stage

if TYPE_CHECKING:
    from ..trial import Trial

CALLERS = 64
ORDERS = 1000
BATCH = 25
CALLERS_OF_MANY = 128
LOOKS = 12
"""More calls of each caller at each request, so that there are many at little cost."""


async def on_postgresql(trial: Trial) -> None:
    """64 callers at two servers on one PostgreSQL cancel and book the same requests at once; each request is a time."""
    await _race(trial, "postgresql", servers=2)


async def on_sqlite(trial: Trial) -> None:
    """64 callers at one server on an SQLite file cancel and book the same requests at once; each request is a time."""
    await _race(trial, "sqlite", servers=1)


async def _race(trial: Trial, engine: str, *, servers: int) -> None:
    async with open_stage(engine, orders=ORDERS) as stage:
        await asyncio.gather(*(stage.serve() for _ in range(servers)))
        load = Load(stage, stage.urls, timeout_seconds=60)
        callers = [load.caller(ALICE, str(number)) for number in range(CALLERS)]
        batch = min(BATCH, trial.amount.times)
        for number in trial.rounds():
            first = number * batch % ORDERS
            orders = stage.order_ids(ALICE)[first : first + batch]
            settled = await race(callers, orders, Plan(date_from(), group=CALLERS, batch=batch, seed=number))
            trial.times += len(settled)
        for caller in callers:
            await caller.close()
        await trial.judge(load, room_for_all=True)


async def many(trial: Trial) -> None:
    """Four callers at each request, two servers on one PostgreSQL, without a fault; each call is a time."""
    async with open_stage(orders=5000) as stage:
        await asyncio.gather(*(stage.serve() for _ in range(2)))
        for seed in trial.rounds():
            # One load after the other, so that no history grows beyond what can be held and judged.
            load = Load(
                stage,
                stage.urls,
                callers=CALLERS_OF_MANY,
                plan=Plan(date_from(), batch=4, looks=LOOKS, poll_seconds=0.1, seed=seed),
            )
            async with trial.under(load, room_for_all=True):
                await asyncio.sleep(min(60, trial.amount.seconds / 2))
            trial.times += len(load.calls)
