"""`python -m tests.faults`: everything that can fail does, under load, and a checker judges what callers saw."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from . import report
from .kinds.table import KINDS
from .trial import Amount, CannotBeDoneError, Kind, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK_SECONDS = 295.0
QUICK_PATIENCE_SECONDS = 150.0
"""How long a kind may take in a quick run, also where the machine is too slow for all of them in their time."""
PATIENCE_SECONDS = 600.0
"""How much longer than planned a kind may take in a full run: to begin, to settle, to be judged."""
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> int:
    """Try the kinds that were asked for; the exit code."""
    options = _options()
    kinds = [kind for kind in KINDS if not options.only or any(part in kind.name for part in options.only)]
    if not kinds:
        names = "\n  ".join(kind.name for kind in KINDS)
        sys.exit(f"no kind is named so; there are:\n  {names}")
    print(report.COLUMNS)
    until = time.monotonic() + QUICK_SECONDS
    trials = []
    for done, kind in enumerate(kinds):
        left = until - time.monotonic()
        if options.quick:
            amount, limit = _within(kind.quick, left / (len(kinds) - done) / 2), max(left, QUICK_PATIENCE_SECONDS)
        else:
            amount, limit = kind.full, kind.full.seconds + PATIENCE_SECONDS
        trial = uvloop.run(_try(kind, amount, limit))
        report.tell(trial, report.line, options.history)
        trials.append(trial)
    print(report.total(trials))
    if options.write:
        command = "python -m tests.faults " + " ".join(sys.argv[1:])
        PAGE.write_text(report.page(trials, command), encoding="utf-8")
    return exit_code(trials, possible_alone=options.possible)


def exit_code(trials: Sequence[Trial], *, possible_alone: bool) -> int:
    """0 when every kind was done and passed; `possible_alone` spares those that cannot be done on this machine."""
    return 0 if all(trial.passed or (possible_alone and trial.impossible) for trial in trials) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a little of each kind, five minutes at most")
    parser.add_argument("--possible", action="store_true", help="do not fail for a kind that this machine cannot do")
    parser.add_argument("--only", action="append", metavar="KIND", help="kinds with this in their names")
    parser.add_argument("--history", type=Path, metavar="DIR", help="keep what callers saw, one JSON line a call")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    return parser.parse_args()


def _within(amount: Amount, seconds: float) -> Amount:
    """No more of it than there is time for, where the machine is slower than was thought."""
    return amount._replace(seconds=min(amount.seconds, max(seconds, 1)))


async def _try(kind: Kind, amount: Amount, limit_seconds: float) -> Trial:
    """Try one kind; whatever goes wrong is its trouble."""
    trial = Trial(kind.name, amount, meaning=" ".join((kind.run.__doc__ or "").split()))
    begun = time.monotonic()
    try:
        async with asyncio.timeout(limit_seconds):
            await kind.run(trial)
    except CannotBeDoneError as error:
        trial.trouble, trial.impossible = str(error), True
    except TimeoutError:
        trial.trouble = f"not over after {time.monotonic() - begun:.0f} s"
    except Exception as error:  # noqa: BLE001 - the other kinds are tried all the same
        trial.trouble = f"{type(error).__name__}: {error}"
    if trial.trouble is None and not trial.times:
        trial.trouble = "no fault cut anything"
    trial.seconds = time.monotonic() - begun
    return trial


if __name__ == "__main__":
    sys.exit(main())
