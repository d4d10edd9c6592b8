"""`python -m bench`: measure everything side by side, write docs/performance.md, end with the table of ratios."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import measures, postgres, report, targets
from bench.measuring import Bench, Clock
from bench.plan import FULL, QUICK, Plan
from bench.postgres import PostgresStore
from bench.processes import busy_part
from bench.sqlite import SqliteStore
from bench.systems import DEFAULT, DEFAULT_2, OURS, OURS_2, OURS_SQLITE, RAW, RAW_OURS, Launcher
from bench.tokens import Tokens
from bench.tools import MissingToolsError, check_tools, repository
from tests.throwaway_postgres import running_postgres

DATABASE = "bench"

MEASURES = (
    (measures.warm_up, 0.02),
    (measures.peaks, 0.41),
    (measures.mixes, 0.49),
    (measures.profiles, 0.51),
    (measures.latencies, 0.62),
    (measures.far, 0.66),
    (measures.whole_flows, 0.68),
    (measures.starts, 0.72),
    (measures.memory, 0.83),
    (measures.growth, 1.0),
)
"""What is done, and the part of the whole time by which it is to be over."""


def main() -> int:
    """Exit code: 0 everything was measured, 1 some run did not count, 2 something has to be installed first."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than two minutes; figures are only rough")
    parser.add_argument("--output", type=Path, help="folder for performance.md; docs, or build/bench when quick")
    options = parser.parse_args()
    os.chdir(repository())
    try:
        check_tools()
    except MissingToolsError as error:
        print(error, file=sys.stderr)
        return 2
    # Everything that was started is stopped on the way out, also where a shell started this with Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    plan = QUICK if options.quick else FULL
    output = options.output or repository() / ("build/bench" if options.quick else "docs")
    try:
        return measure(plan, output)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def measure(plan: Plan, output: Path) -> int:
    """Do everything, write the report to a folder, and print the table."""
    with bench_with_servers(plan) as bench:
        for work, until in MEASURES:
            try:
                work(bench, until)
            except Exception as error:  # noqa: BLE001 - what was measured so far is worth writing down
                bench.results.failures.append(f"{work.__name__}: {type(error).__name__}: {error}")
                bench.clock.say(bench.results.failures[-1])
        report.write(bench, output)
    bench.clock.say(f"written to {output / 'performance.md'}")
    for text in (*bench.results.failures, *bench.results.left_out):
        print(f"did not count: {text}")
    print(report.ratio_table(targets.lines(bench.results, plan)))
    return 1 if bench.results.failures else 0


@contextlib.contextmanager
def bench_with_servers(plan: Plan) -> Iterator[Bench]:
    """Everything that runs all the time, started; stopped at the end, whatever happens."""
    clock = Clock()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-bench-", dir="/tmp")))
        busy = busy_part()
        clock.say(f"the machine is {busy:.0%} busy with something else{', figures will be rough' * (busy > 0.1)}")
        clock.say("PostgreSQL starts")
        server = stack.enter_context(running_postgres(durable=True, options=postgres.OPTIONS, databases=[DATABASE]))
        tokens = Tokens(folder)
        store = PostgresStore(server.url(DATABASE), clock.say)
        store.create()
        embedded = SqliteStore(folder / "bench.sqlite")
        embedded.create()
        bench = Bench(plan, clock, tokens, Launcher(folder, tokens), server, store, embedded)
        bench.results.note(measures.BUSY_BEFORE, busy)
        for filled in (store, embedded):
            filled.reset(1)
        start_servers(bench, stack)
        yield bench
        clock.say("stopping")


def start_servers(bench: Bench, stack: contextlib.ExitStack) -> None:
    """Start each system; all of them check out before anything is measured."""
    launcher, store, embedded = bench.launcher, bench.postgres, bench.sqlite
    for context in (
        launcher.raw(),
        launcher.raw(RAW_OURS),
        launcher.ours(OURS, store, store.url),
        launcher.ours(OURS_2, store, store.url, workers=2),
        launcher.ours(OURS_SQLITE, embedded, embedded.url),
        launcher.default_stack(DEFAULT, store, store.url),
        launcher.default_stack(DEFAULT_2, store, store.url, workers=2),
    ):
        served = stack.enter_context(context)
        bench.served[served.name] = served
        bench.clock.say(f"{served.name} answers")
    assert set(bench.served) == {RAW, RAW_OURS, OURS, OURS_2, OURS_SQLITE, DEFAULT, DEFAULT_2}


if __name__ == "__main__":
    sys.exit(main())
