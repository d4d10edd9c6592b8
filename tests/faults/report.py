"""What came of it all: a line a kind, and the page."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from . import history
from .trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T", bound=Trial)
SHOWN = 5
COLUMNS = f"{'kind':<34}{'times':>9}{'calls':>10}{'lost':>6}{'violations':>12}{'seconds':>9}"


def line(trial: Trial) -> str:
    """One kind in one line."""
    told = f"{trial.name:<34}{trial.times:>9,}{trial.count:>10,}{len(trial.lost):>6}{len(trial.others):>12}"
    told += f"{trial.seconds:>9.0f}"
    told += f"  {trial.note}" if trial.note else ""
    return told if trial.trouble is None else f"{told}  NOT DONE: {trial.trouble}"


def details(trial: Trial) -> Iterator[str]:
    """The first of what was wrong."""
    yield from (str(broken) for broken in trial.violations[:SHOWN])
    if len(trial.violations) > SHOWN:
        yield f"and {len(trial.violations) - SHOWN} more"


def tell(trial: T, line: Callable[[T], str], folder: Path | None) -> None:
    """Print its line and what was wrong, keep its history, and let go of it.

    line: makes its line, once its calls are counted. folder: where the history goes; None keeps none.
    """
    if folder is not None:
        name = re.sub(r"[^a-z0-9]+", "-", trial.name.lower())
        history.write(folder / f"{name}.jsonl", trial.calls)
    trial.count = len(trial.calls)
    trial.calls.clear()
    print(line(trial), flush=True)
    for text in details(trial):
        print(f"  {text}", flush=True)


def total(trials: Sequence[Trial]) -> str:
    """The last line."""
    calls, lost = sum(trial.count for trial in trials), sum(len(trial.lost) for trial in trials)
    others, seconds = sum(len(trial.others) for trial in trials), sum(trial.seconds for trial in trials)
    return f"{'total':<34}{'':>9}{calls:>10,}{lost:>6}{others:>12}{seconds:>9.0f}"


def page(trials: Sequence[Trial], command: str) -> str:
    """docs/reliability.md."""
    rows = [
        f"| {trial.name} | {trial.times:,} | {trial.count:,} | {len(trial.lost)} | {len(trial.others)} |"
        for trial in trials
    ]
    calls, lost = sum(trial.count for trial in trials), sum(len(trial.lost) for trial in trials)
    others = sum(len(trial.others) for trial in trials)
    return PAGE.format(
        date=datetime.now(UTC).date(),
        machine=machine(),
        command=command,
        rows="\n".join(rows),
        calls=f"{calls:,}",
        lost=lost,
        others=others,
        meanings="\n".join(f"- **{trial.name}**: {trial.meaning}" for trial in trials),
    )


def machine() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    model = found[1] if found else platform.machine()
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


PAGE = """\
# Reliability

What happens to acknowledged changes during faults. Written by `{command}` on {date}; do not edit.

Callers create, read, book and cancel the same appointment-requests at once over real HTTP, and record every call.
They also cancel and reschedule the appointments of some booked appointment-requests at once, and book an order again
after a cancellation.
Meanwhile faults are injected, again and again; a fault counts only if it interrupted a call or a job. At the end the
test reads everything once more, and a checker proves that the lifecycle allows the history of each appointment-request
and of each appointment, that every acknowledged change is there, that no order had two appointments at once, and that
the capacity table and the appointments agree.
[reliability-ha.md](reliability-ha.md) has the faults of a cluster whose leader fails.

| Kind | Times | Calls | Lost | Violations |
|---|---|---|---|---|
{rows}
| **total** | | {calls} | {lost} | {others} |

Machine: {machine}. Server, database, callers and checker share it; PostgreSQL has fsync on, SQLite synchronous=FULL.

What each kind does, and what counts as one time:

{meanings}

## Run it again

`make faults` runs every kind in less than an hour, `make faults FAULTS=--quick` a little of each kind in five minutes.
`FAULTS="--only disk"` selects kinds by a part of their names, `--history DIR` writes every call as a JSON line
(`op`, `id`, `caller`, `start_ns`, `end_ns`, `answer`) for another checker, `--write` writes this page.
It needs Linux; root for the full disk; the Debian packages strace (commit errors) and faketime (a wrong clock).
It exits with 1 if a change was lost, a rule was violated, or a kind could not run.
"""
