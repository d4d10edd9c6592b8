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

What happens to acknowledged changes, and for how long nobody can write, when the leader of a PostgreSQL cluster fails.
Written by `{command}` on {date}; do not edit.

Three etcd, three Patroni, three PostgreSQL with synchronous replication, and two servers of the service whose
`DATABASE_URL` names all three. Callers over real HTTP create, read, book and cancel the same appointment-requests at
once, before, during and after each failover, also while the former leader comes back. In the end everything is read
once more, and the checker of `make faults` judges each history. A failover counts only if it cut
calls that were under way.

| Kind | Times | Calls | Lost | Violations | Writes again after, seconds, each time | Limit |
|---|---|---|---|---|---|---|
{rows}
| **total** | {times} | {calls} | {lost} | {others} | | |

"Writes again after" is the time from the fault (for a switchover: from asking for it) to the end of the longest time
without an acknowledged write.

Machine: {machine}. Everything shares it: eleven servers, callers and checker.

{meanings}

## Again

`make faults-ha` does this in about five minutes, `FAULTS_HA=--quick` one of each kind, `FAULTS_HA="--times 5"` more.
`FAULTS_HA="--only frozen"` picks kinds by a part of their names, `--history DIR` keeps what callers saw and what the
nodes logged, `--write` writes this page. `--asynchronous` turns synchronous replication off, and lets the standbys fall
half a second behind before the leader's node is killed: the table must turn red.
It needs Linux, root for the dropped port, and the Debian packages postgresql, python3-venv and nftables; Patroni and
etcd come from `requirements-ha.lock`. It exits with 1 if anything was lost, any promise was broken, writes came back
too late, or any kind could not be done.
"""
