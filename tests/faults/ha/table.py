"""What came of it: a line a kind, and the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .. import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .failover import Failover

COLUMNS = f"{'kind':<28}{'times':>6}{'calls':>9}{'lost':>6}{'violations':>12}{'writes again after':>20}{'limit':>8}"


def line(trial: Failover) -> str:
    """One kind in one line."""
    told = f"{trial.name:<28}{trial.times:>6}{trial.count:>9,}{len(trial.lost):>6}{len(trial.others):>12}"
    told += f"{_seconds(trial):>20}{trial.limit_seconds:>6.0f} s"
    if trial.trouble is not None:
        return f"{told}  NOT DONE: {trial.trouble}"
    return told if trial.slowest_seconds <= trial.limit_seconds else f"{told}  TOO LATE"


def _seconds(trial: Failover) -> str:
    return f"{trial.slowest_seconds:.1f} s" if trial.again_seconds else "-"


def total(trials: Sequence[Failover]) -> str:
    """The last line."""
    times, calls = sum(trial.times for trial in trials), sum(trial.count for trial in trials)
    lost, others = sum(len(trial.lost) for trial in trials), sum(len(trial.others) for trial in trials)
    return f"{'total':<28}{times:>6}{calls:>9,}{lost:>6}{others:>12}"


def page(trials: Sequence[Failover], command: str) -> str:
    """docs/reliability-ha.md."""
    rows = [
        f"| {trial.name} | {trial.times} | {trial.count:,} | {len(trial.lost)} | {len(trial.others)} "
        f"| {', '.join(f'{seconds:.1f}' for seconds in trial.again_seconds)} | {trial.limit_seconds:.0f} |"
        for trial in trials
    ]
    return PAGE.format(
        date=datetime.now(UTC).date(),
        machine=report.machine(),
        command=command,
        rows="\n".join(rows),
        times=sum(trial.times for trial in trials),
        calls=f"{sum(trial.count for trial in trials):,}",
        lost=sum(len(trial.lost) for trial in trials),
        others=sum(len(trial.others) for trial in trials),
        meanings="\n".join(f"- **{trial.name}**: {trial.meaning}" for trial in trials),
    )


PAGE = """\
# Reliability on a cluster

What happens to acknowledged changes when the leader of a PostgreSQL cluster fails, and how long writes fail.
Written by `{command}` on {date}; do not edit.

Three etcd, three Patroni, three PostgreSQL with synchronous replication, and two servers of the service whose
`DATABASE_URL` names all three. Callers create, read, book and cancel the same appointment-requests at once over real
HTTP, before, during and after each failover, also while the former leader returns. At the end the test reads everything
once more, and the checker of `make faults` judges each history. A failover counts only if it interrupted calls.

| Kind | Times | Calls | Lost | Violations | Writes again after, seconds, each time | Limit |
|---|---|---|---|---|---|---|
{rows}
| **total** | {times} | {calls} | {lost} | {others} | | |

"Writes again after" is the time from the fault (for a switchover: from its request) to the end of the longest time
without an acknowledged write.

Machine: {machine}. Eleven servers, callers and checker share it.

{meanings}

## Run it again

`make faults-ha` takes about five minutes, `FAULTS_HA=--quick` runs each kind once, `FAULTS_HA="--times 5"` more.
`FAULTS_HA="--only frozen"` selects kinds by a part of their names, `--history DIR` writes every call and the nodes'
logs, `--write` writes this page. `--asynchronous` turns synchronous replication off, and delays the standbys by half a
second before the leader's node is killed: the table must then show lost changes.
It needs Linux, root for the dropped port, and the Debian packages postgresql, python3-venv and nftables; Patroni and
etcd come from `requirements-ha.lock`. It exits with 1 if a change was lost, a rule was violated, writes
succeeded too late, or a kind could not run.
"""
