"""`kill -9` of a server of the service, in the middle of everything."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ..load import Load
from ..stage import SHORT_LEASE, open_stage

if TYPE_CHECKING:
    from ..stage import Serving
    from ..trial import Trial


async def on_postgresql(trial: Trial) -> None:
    """`kill -9` of one of two servers on one PostgreSQL, and a start."""
    await _kill(trial, "postgresql", servers=2)


async def on_sqlite(trial: Trial) -> None:
    """`kill -9` of the only server on an SQLite file, and a start."""
    await _kill(trial, "sqlite", servers=1)


async def _kill(trial: Trial, engine: str, *, servers: int) -> None:
    async with open_stage(engine, places=300, settings=SHORT_LEASE) as stage:
        processes = [await stage.serve() for _ in range(servers)]
        async with trial.under(Load(stage, stage.urls)) as load:
            for _ in trial.rounds():
                await asyncio.sleep(trial.chance.uniform(0.2, 0.8))
                trial.times += await killed(trial.chance.choice(processes), load)


async def killed(victim: Serving, load: Load) -> bool:
    """Kill a server and start it again; whether it left a caller without an answer."""
    moment = time.monotonic_ns()
    await victim.kill()
    await victim.start()
    return load.cut_at(moment) > 0
