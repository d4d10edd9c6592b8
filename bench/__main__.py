"""Measure the service beside its limits and a default stack; every target is a ratio of figures of one run.

Without --only, everything is measured and docs/performance.md is written (build/bench with --quick).

  python -m bench --only flows              one part, full length, figures on the terminal, nothing written
  python -m bench --only cancel,idle --quick
  python -m bench --only flows --rounds 1
  python -m bench --only flows --program ../other/.venv/bin/connect-appointments
                                            the server of another checkout, which migrates its own database;
                                            compare its ratios with those of a run without --program
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import math
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import postgres, report, targets
from bench.fleet import Fleet
from bench.measuring import Bench, Clock
from bench.parts import PARTS, Part
from bench.plan import FULL, QUICK, Plan
from bench.processes import busy_part
from bench.systems import Launcher, own_program
from bench.tokens import Tokens
from bench.tools import MissingToolsError, check_tools, repository
from tests.throwaway_postgres import running_postgres


def main() -> int:
    """Exit code: 0 everything was measured, 1 some run did not count, 2 something has to be installed first."""
    options = _options()
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
    if options.rounds:
        plan = dataclasses.replace(plan, rounds=options.rounds)
    output = options.output or repository() / ("build/bench" if options.quick else "docs")
    try:
        with new_bench(plan, options.program) as bench:
            measure(bench, options.only or PARTS, whole=not options.only)
            if not options.only:
                report.write(bench, output)
                bench.clock.say(f"written to {output / 'performance.md'}")
            return _print_figures(bench, whole=not options.only)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _options() -> argparse.Namespace:
    names = "\n".join(f"  {part.name:14}{part.help}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=f"parts:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="about two minutes; figures are only rough")
    parser.add_argument("--rounds", type=int, help="how often each target is measured")
    parser.add_argument("--only", type=_parts, metavar="PART,...", help="measure these parts alone")
    parser.add_argument(
        "--program",
        type=lambda text: Path(text).absolute(),
        default=os.environ.get("BENCH_PROGRAM", str(own_program())),
        help="the connect-appointments to measure; BENCH_PROGRAM, or this checkout's",
    )
    parser.add_argument("--output", type=Path, help="folder for performance.md; docs, or build/bench when quick")
    return parser.parse_args()


def _parts(text: str) -> list[Part]:
    names = text.split(",")
    unknown = set(names) - {part.name for part in PARTS}
    if unknown:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return [part for part in PARTS if part.name in names]


def measure(bench: Bench, parts: Sequence[Part], *, whole: bool) -> None:
    """Do some parts; only a whole bench has to end in time."""
    for part in parts:
        bench.until_seconds = part.until * bench.plan.total_seconds if whole else math.inf
        try:
            part.work(bench)
        except Exception as error:  # noqa: BLE001 - what was measured so far is worth writing down
            bench.results.failures.append(f"{part.name}: {type(error).__name__}: {error}")
            bench.clock.say(bench.results.failures[-1])


def _print_figures(bench: Bench, *, whole: bool) -> int:
    judged = targets.lines(bench.results, bench.plan)
    for text in (*bench.results.failures, *bench.results.left_out):
        print(f"did not count: {text}")
    print(report.ratio_table([line for line in judged if whole or line.spread is not None]))
    return 1 if bench.results.failures else 0


@contextlib.contextmanager
def new_bench(plan: Plan, program: Path) -> Iterator[Bench]:
    """A bench with a running PostgreSQL; everything that it starts is stopped at the end, whatever happens."""
    clock = Clock()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-bench-", dir="/tmp")))
        busy = busy_part()
        clock.say(f"the machine is {busy:.0%} busy with other work{', figures will be rough' * (busy > 0.1)}")
        server = stack.enter_context(running_postgres(durable=True, options=postgres.OPTIONS))
        tokens = Tokens(folder)
        fleet = Fleet(Launcher(folder, tokens, program), server, stack, clock.say)
        bench = Bench(plan, clock, tokens, fleet)
        bench.results.note(report.BUSY_BEFORE, busy)
        yield bench
        clock.say("stopping")


if __name__ == "__main__":
    sys.exit(main())
