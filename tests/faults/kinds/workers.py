"""Workers that die, sleep, or live in another time, at every step of their jobs."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from ..load import Load
from ..proxy import Proxy, Trap
from ..rescheduling import Rescheduling
from ..stage import open_stage
from ..trial import CannotBeDoneError, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..process import Process
    from ..stage import Stage
    from ..trial import Trial

LEASE_SECONDS = 1.0
CATCH_SECONDS = 5.0
"""A step that has not come again after so long is left out: a slot must run full for some."""
AHEAD = "+10m"
TABLES = (
    "jobs|appointment_requests|orders|bookings|appointments|cancellations|reschedules|offers|events|capacity"
    "|reservations"
)
OF_A_JOB = re.compile(f".* ({TABLES})")
"""The steps of a job, as opposed to those of starting and of being connected."""


async def killed(trial: Trial) -> None:
    """`kill -9` of the only worker, before a statement of its jobs reaches the database, or before its result."""
    async with _stage() as (stage, proxy):
        worker = await stage.work(DATABASE_URL=_through(stage, proxy))
        async with trial.under(Load(stage, stage.urls)):
            await _kill_at_every_step(trial, proxy, worker)


async def rescheduling(trial: Trial) -> None:
    """`kill -9` of the only worker at each step of its jobs, while callers reschedule what they have booked."""
    async with _stage(places=20) as (stage, proxy):
        worker = await stage.work(DATABASE_URL=_through(stage, proxy))
        load = Rescheduling(stage)
        at_work = asyncio.create_task(load.run())
        try:
            await _kill_at_every_step(trial, proxy, worker)
        finally:
            load.stopping = True
            await at_work
        trial.violations += await load.verdict()
        trial.count = len(load.outcomes)


async def stopped(trial: Trial) -> None:
    """SIGSTOP of a worker during a step until long after its lease, while another worker runs; then SIGCONT."""
    async with _stage() as (stage, proxy):
        sleeper = await stage.work(DATABASE_URL=_through(stage, proxy))
        await stage.work()
        async with trial.under(Load(stage, stage.urls)):
            async for _ in _traps(trial, proxy):
                sleeper.signal(signal.SIGSTOP)
                proxy.let_go()
                await asyncio.sleep(LEASE_SECONDS * 2.5)
                sleeper.signal(signal.SIGCONT)


async def ahead(trial: Trial) -> None:
    """`kill -9` of a worker whose clock is ten minutes ahead, beside another worker that claims its jobs."""
    clock = _clock_ahead()
    async with _stage() as (stage, proxy):
        early = await stage.work(clock, DATABASE_URL=_through(stage, proxy))
        await stage.work()
        async with trial.under(Load(stage, stage.urls)):
            await _kill_at_every_step(trial, proxy, early)


async def _kill_at_every_step(trial: Trial, proxy: Proxy, worker: Process) -> None:
    async for _ in _traps(trial, proxy):
        await worker.kill()
        proxy.drop()
        await worker.start()
        # Work has to go on meanwhile, or the later steps never come.
        await asyncio.sleep(trial.chance.uniform(0, 1))


def _clock_ahead() -> dict[str, str]:
    """The variables of a process whose clock is ahead; raises CannotBeDoneError where faketime does not move it."""
    # Its own monotonic clock stays, as with every clock that was set wrong. Started without the wrapper, so that
    # a signal reaches the worker and not the wrapper.
    command = [program("faketime", "faketime"), "--exclude-monotonic", "-m", "-f", AHEAD, "env", "-0"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    variables = dict(line.split("=", 1) for line in told.split("\0") if "=" in line)
    names = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")
    clock = {name: variables[name] for name in names if name in variables}
    script = "import time; print(time.time())"
    shown = subprocess.run([sys.executable, "-c", script], env=clock, check=True, capture_output=True, text=True).stdout
    if float(shown) < time.time() + 300:
        raise CannotBeDoneError("faketime does not move the clock of this Python")
    return clock


@contextlib.asynccontextmanager
async def _stage(places: int = 150) -> AsyncIterator[tuple[Stage, Proxy]]:
    """Two servers that do no background work, and a proxy for who does; slots run full, so that some are refused."""
    async with open_stage(places=places, settings={"LEASE_SECONDS": str(LEASE_SECONDS)}) as stage:
        proxy = Proxy(stage.postgres.port)
        await proxy.open()
        await stage.serve_in_two("--no-worker")
        try:
            yield stage, proxy
        finally:
            proxy.close()


def _through(stage: Stage, proxy: Proxy) -> str:
    return stage.database_url.replace(f":{stage.postgres.port}/", f":{proxy.port}/")


async def _traps(trial: Trial, proxy: Proxy) -> AsyncIterator[Trap]:
    """Catch the worker at each step of its jobs in turn, on both sides of it; each time it is caught counts."""
    tried: Counter[Trap] = Counter()
    caught: set[Trap] = set()
    for _ in trial.rounds():
        traps = [Trap(step, after) for step in proxy.steps if OF_A_JOB.fullmatch(step) for after in (False, True)]
        if not traps:
            await asyncio.sleep(0.1)
            continue
        trap = min(traps, key=lambda trap: tried[trap])
        tried[trap] += 1
        proxy.set_trap(trap)
        try:
            async with asyncio.timeout(CATCH_SECONDS):
                await proxy.caught.wait()
        except TimeoutError:
            proxy.let_go()
            continue
        yield trap
        trial.times += 1
        caught.add(trap)
        trial.note = f"{len(caught)} of {len(traps)} sides of steps"
