"""What is between the service and its database: gone, silent, slow."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from ..load import Load
from ..proxy import Proxy
from ..stage import SHORT_LEASE, open_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..trial import Trial

SLOW_SECONDS = 0.05
SHORT = {**SHORT_LEASE, "STATEMENT_TIMEOUT_SECONDS": "2", "LOCK_TIMEOUT_SECONDS": "2", "CONNECT_TIMEOUT_SECONDS": "1"}


@contextlib.asynccontextmanager
async def _behind_proxy(trial: Trial) -> AsyncIterator[tuple[Load, Proxy]]:
    """A load on two servers that reach their PostgreSQL through a proxy."""
    async with open_stage(places=300, settings=SHORT) as stage:
        proxy = Proxy(stage.postgres.port)
        await proxy.open()
        url = stage.database_url.replace(f":{stage.postgres.port}/", f":{proxy.port}/")
        await stage.serve_in_two(DATABASE_URL=url)
        try:
            async with trial.under(Load(stage, stage.urls)) as load:
                yield load, proxy
        finally:
            proxy.close()


async def unreachable(trial: Trial) -> None:
    """The database refuses connections for a while, or accepts them without a response, and then recovers."""
    async with _behind_proxy(trial) as (load, proxy):
        for number in trial.rounds():
            await asyncio.sleep(trial.chance.uniform(0.5, 1.0))
            moment = time.monotonic_ns()
            if number % 2:
                proxy.flowing.clear()
                await asyncio.sleep(trial.chance.uniform(0.5, 4.0))
                proxy.flowing.set()
            else:
                proxy.close()
                await asyncio.sleep(trial.chance.uniform(0.2, 2.0))
                await proxy.open()
            back = time.monotonic_ns()
            await load.answered_after(back)
            trial.times += load.cut_at(moment, back) > 0


async def slow(trial: Trial) -> None:
    """All data between the service and its database is delayed for a while."""
    async with _behind_proxy(trial) as (load, proxy):
        for _ in trial.rounds():
            proxy.delay_seconds = SLOW_SECONDS
            await asyncio.sleep(2)
            proxy.delay_seconds = 0
            moment = time.monotonic_ns()
            await asyncio.sleep(0.5)
            trial.times += any(call.start_ns < moment <= call.end_ns for call in load.calls[-500:])
