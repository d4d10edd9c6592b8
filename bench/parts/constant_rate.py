"""Latency of a cancel at a constant arrival rate, beside the server that does nothing and beside pgbench."""

from __future__ import annotations

import math

from bench import constant, pgbench
from bench.load import WrongAnswersError
from bench.measuring import Bench, run_of, there_and_back
from bench.parts.cancels import PEAK, cancel
from bench.plan import PEAK_CONNECTIONS
from bench.results import Key, Run
from bench.systems import PGBENCH, RAW, SERVICE, Served

HALF = 0.5


def latencies(bench: Bench) -> None:
    """At shares of the peak: at half of it in every round, because the targets are about that; else once."""
    key = Key("cancel", SERVICE, PEAK)
    if not bench.results.runs(key):
        cancel(bench, 0, SERVICE, PEAK_CONNECTIONS)
    peak = bench.results.median(key)
    if peak is None:
        return
    for number in bench.rounds():
        for share in bench.plan.shares_of_peak if number == 0 else (HALF,):
            for system in there_and_back((RAW, SERVICE), number):
                for generator in ("arrivals", "h2load") if share == HALF else ("arrivals",):
                    _paced(bench, number, system, generator, share, peak * share)
            _paced_updates(bench, number, share, peak * share)


def _paced(bench: Bench, number: int, system: str, generator: str, share: float, rate: float) -> None:
    served = bench.fleet[system]
    rows = max(bench.plan.rows, int(rate * bench.plan.arrival_seconds) + 1)

    def work() -> Run:
        if served.store is not None:
            served.store.reset(rows)
        meter = bench.meter(served)
        paced = _generate(bench, served, generator, rate, rows)
        used = meter.read()
        _check_rows(served, 1 if generator == "h2load" else paced.answered)
        return run_of(number, paced.per_second, paced.answered, used)._replace(
            p50_ms=paced.p50_ms, p99_ms=paced.p99_ms, p999_ms=paced.p999_ms
        )

    bench.counted(Key(generator, system, f"{share:.0%}"), work)


def _generate(bench: Bench, served: Served, generator: str, rate: float, rows: int) -> constant.Paced:
    seconds, tokens = bench.plan.arrival_seconds, bench.tokens
    if generator == "h2load":
        return constant.h2load(served.port, PEAK_CONNECTIONS, rate, seconds, tokens)
    return constant.arrivals(served.port, PEAK_CONNECTIONS, rate, seconds, rows, tokens)


def _check_rows(served: Served, cancelled: int) -> None:
    changed = served.store.settled() if served.store is not None else None
    if changed is not None and not changed.cancelled == changed.recorded == cancelled:
        raise WrongAnswersError(f"{cancelled} were cancelled: {changed}")


def _paced_updates(bench: Bench, number: int, share: float, rate: float) -> None:
    """The database alone at that rate."""
    store = bench.fleet.postgres()
    rows = max(bench.plan.rows, int(rate * bench.plan.arrival_seconds) + 1)

    def work() -> Run:
        store.reset(rows)
        done = pgbench.one_row(store.url, PEAK_CONNECTIONS, math.ceil(bench.plan.arrival_seconds), rows, rate=rate)
        constant.check_rate(done.per_second, rate)
        return Run(number, done.per_second, done.p50_ms, done.p99_ms)

    bench.counted(Key("pgbench", PGBENCH, f"{share:.0%}"), work)
