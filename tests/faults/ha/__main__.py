"""`python -m tests.faults.ha`: the leader of a cluster fails under load, and a checker judges what callers saw."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from .. import report
from ..load import Load, under_load
from ..stage import SHORT_LEASE, Stage
from ..trial import Amount, CannotBeDoneError
from . import table
from .cluster import running_cluster
from .failover import Failover
from .faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from .cluster import Cluster
    from .failover import Fault

PAGE = Path(__file__).parents[3] / "docs" / "reliability-ha.md"
ORDERS = 5000
PLACES = 100_000
CALLERS = 16
"""Fewer than where one database has the machine to itself: here are nine servers."""


def main() -> int:
    """Let the kinds happen that were asked for; the exit code."""
    options = _options()
    faults = [fault for fault in FAULTS if not options.only or any(part in fault.name for part in options.only)]
    if not faults:
        names = "\n  ".join(fault.name for fault in FAULTS)
        sys.exit(f"no kind is named so; there are:\n  {names}")
    try:
        trials = uvloop.run(_try_all(faults, options))
    except CannotBeDoneError as error:
        sys.exit(str(error))
    print(table.total(trials))
    if options.write:
        PAGE.write_text(table.page(trials, _command(options)), encoding="utf-8")
    return 0 if all(trial.passed for trial in trials) else 1


def _command(options: argparse.Namespace) -> str:
    """How to do the same again."""
    told = [f"--times {options.times}"] if options.times else []
    told += [f"--only {part}" for part in options.only or []] + (["--asynchronous"] if options.asynchronous else [])
    return f'make faults-ha FAULTS_HA="{" ".join(told)}"' if told else "make faults-ha"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.ha", description=__doc__)
    parser.add_argument("--quick", action="store_const", const=1, dest="times", help="one of each kind")
    parser.add_argument("--times", type=int, metavar="N", help="N of each kind")
    parser.add_argument("--only", action="append", metavar="KIND", help="kinds with this in their names")
    parser.add_argument("--history", type=Path, metavar="DIR", help="keep what callers saw and what the nodes logged")
    parser.add_argument("--asynchronous", action="store_true", help="commits wait for no standby: changes get lost")
    parser.add_argument("--write", action="store_true", help="write docs/reliability-ha.md")
    return parser.parse_args()


async def _try_all(faults: Sequence[Fault], options: argparse.Namespace) -> list[Failover]:
    trials = []
    async with running_cluster(synchronous=not options.asynchronous) as cluster:
        print(table.COLUMNS, flush=True)
        async with _stage(cluster) as stage:
            for fault in faults:
                trial = await _try(fault, options.times or fault.times, cluster, stage)
                report.tell(trial, table.line, options.history)
                trials.append(trial)
            if options.history:
                _keep_logs(cluster, stage, options.history)
    return trials


@contextlib.asynccontextmanager
async def _stage(cluster: Cluster) -> AsyncIterator[Stage]:
    """Two servers of the service on the cluster."""
    with tempfile.TemporaryDirectory(prefix="connect-faults-") as folder:
        stage = Stage(Path(folder), cluster.url, None, ORDERS, dict(SHORT_LEASE))
        try:
            await stage.fill(PLACES)
            for _ in range(2):
                await stage.serve()
            yield stage
        finally:
            await stage.end()


async def _try(fault: Fault, times: int, cluster: Cluster, stage: Stage) -> Failover:
    """Let one kind happen; whatever goes wrong is its trouble."""
    meaning = " ".join((fault.do.__doc__ or "").split())
    trial = Failover(fault.name, Amount(times, 0.0), meaning, limit_seconds=fault.limit_seconds)
    load = Load(stage, stage.urls, CALLERS)
    begun = time.monotonic()
    try:
        async with under_load(load):
            for _ in range(times):
                await trial.once(fault, cluster, load)
        await trial.judge(load)
    except CannotBeDoneError as error:
        trial.trouble = str(error)
    except Exception as error:  # noqa: BLE001 - the other kinds are tried all the same
        trial.trouble = f"{type(error).__name__}: {error}"
    if trial.trouble is None and trial.times < times:
        trial.trouble = f"{times - trial.times} of {times} cut nothing that was under way"
    trial.seconds = time.monotonic() - begun
    return trial


def _keep_logs(cluster: Cluster, stage: Stage, folder: Path) -> None:
    """What the nodes and the servers of the service had to say."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in [*(node.log for node in cluster.nodes), *stage.folder.glob("*.log")]:
        shutil.copy(log, folder)


if __name__ == "__main__":
    sys.exit(main())
