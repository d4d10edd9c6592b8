"""Cancels with ever more rows, in an order without locality."""

from __future__ import annotations

from bench.load import Load
from bench.measuring import Bench, there_and_back
from bench.plan import PEAK_CONNECTIONS
from bench.results import Key, Run
from bench.systems import RAW, SERVICE

SEEDING = "seconds to fill {:,} rows"
CHECKPOINT = "{:,} rows, right after a checkpoint"


def setting(rows: int) -> str:
    """The setting of the key of a size."""
    return f"{rows:,} rows"


def growth(bench: Bench) -> None:
    """Each size, as long as there is time to fill it."""
    seconds_a_row, store = 0.0, bench.fleet.postgres()
    for rows in bench.plan.growth:
        before = bench.clock.elapsed()
        if seconds_a_row and before + seconds_a_row * rows > bench.until_seconds:
            bench.results.left_out.append(f"{rows:,} rows: not measured, filling them would take too long")
            return
        store.reset(rows)
        seconds_a_row = (bench.clock.elapsed() - before) / rows
        bench.results.note(SEEDING.format(rows), bench.clock.elapsed() - before)
        used = _rounds(bench, rows)
    _after_checkpoint(bench, bench.plan.growth[-1], used)


def _rounds(bench: Bench, rows: int) -> int:
    """Measure one size; the number of rows that are used up."""
    used, step = 0, min(rows, bench.plan.rows)
    for number in bench.rounds():
        for system in there_and_back((RAW, SERVICE), number):
            if used + step > rows:
                bench.fleet.postgres().reset(rows)
                used = 0
            load = Load(rows, bench.tokens.callers, skip=used, limit=step)
            _run(bench, number, Key("growth", system, setting(rows)), load)
            used += step if system == SERVICE else 0
    return used


def _after_checkpoint(bench: Bench, rows: int, used: int) -> None:
    step = min(rows, bench.plan.rows)
    if used + step <= rows:
        bench.fleet.postgres().checkpoint()
        load = Load(rows, bench.tokens.callers, skip=used, limit=step)
        _run(bench, 0, Key("growth", SERVICE, CHECKPOINT.format(rows)), load)


def _run(bench: Bench, number: int, key: Key, load: Load) -> None:
    served = bench.fleet[key.system]

    def work() -> Run:
        return bench.loop_on(number, served, PEAK_CONNECTIONS, load)

    bench.counted(key, work)
