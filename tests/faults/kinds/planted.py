"""A build of the service with a known fault, which the checker has to find."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from ..history import violation
from ..load import Load, date_from, under_load
from ..race import Plan
from ..stage import open_stage

if TYPE_CHECKING:
    from ..trial import Trial

CARELESS = (sys.executable, "-m", "tests.faults.without_compare_and_set", "serve")


async def without_compare_and_set(trial: Trial) -> None:
    """A build that checks the state before a cancel, and not at the write; each time the checker finds it is a time."""
    async with open_stage() as stage:
        await stage.serve_in_two(command=CARELESS)
        for seed in trial.rounds():
            plan = Plan(
                date_from(), group=8, batch=4, poll_seconds=0.02, seed=seed, deadline_seconds=10, change_every=0
            )
            load = Load(stage, stage.urls, plan=plan)
            async with under_load(load):
                await asyncio.sleep(4)
            trial.calls += load.calls
            trial.times += bool(await load.verdict())
        if not trial.times:
            trial.violations.append(violation("not-found", "the checker saw nothing wrong with the planted fault"))
