"""Ask every judge, and end with 1 if one has found anything."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.outside.node import NodeError

from . import bandit, fuzzing, gitleaks, ibm, redocly, semgrep, spectral
from .judge import DOCUMENTS, JudgeError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLUMNS = f"{'judge':<14}{'of':<22}{'looked at':>20}{'findings':>10}{'seconds':>9}"


def main() -> int:
    """Run the judges; the exit code."""
    options = _options()
    judges = {name: ask for name, ask in _judges(options).items() if options.only in {None, name}}
    print(COLUMNS)
    passed = [_ask(name, judge) for name, judge in judges.items()]
    return 0 if all(passed) else 1


def _judges(options: argparse.Namespace) -> Mapping[str, Callable[[], list[Verdict]]]:
    requests = options.requests or (fuzzing.QUICK_REQUESTS if options.quick else fuzzing.FULL_REQUESTS)
    return {
        "spectral": lambda: spectral.judge(DOCUMENTS),
        "redocly": lambda: redocly.judge(DOCUMENTS),
        "ibm": lambda: ibm.judge(DOCUMENTS),
        "bandit": bandit.judge,
        "semgrep": semgrep.judge,
        "gitleaks": gitleaks.judge,
        "schemathesis": lambda: fuzzing.judge(requests),
    }


def _options() -> argparse.Namespace:
    names = list(_judges(argparse.Namespace(requests=1)))
    parser = argparse.ArgumentParser(prog="python -m tests.judges", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{fuzzing.QUICK_REQUESTS} requests a version")
    parser.add_argument("--requests", type=int, metavar="N", help=f"requests a version ({fuzzing.FULL_REQUESTS})")
    parser.add_argument("--only", choices=names, help="one judge")
    return parser.parse_args()


def _ask(name: str, judge: Callable[[], list[Verdict]]) -> bool:
    """Print what one judge says; whether it found nothing."""
    begun = time.monotonic()
    try:
        verdicts = judge()
    except (JudgeError, NodeError) as error:
        print(f"{name:<14}could not be asked: {error}", flush=True)
        return False
    seconds = time.monotonic() - begun
    for verdict in verdicts:
        print(_line(verdict, seconds), flush=True)
        for finding in verdict.findings:
            print(f"  {finding}", flush=True)
        seconds = 0
    return all(verdict.passed for verdict in verdicts)


def _line(verdict: Verdict, seconds: float) -> str:
    looked_at = f"{verdict.looked_at:,} {verdict.unit}"
    told = f"{verdict.judge:<14}{verdict.subject:<22}{looked_at:>20}{len(verdict.findings):>10}"
    told += f"{seconds:>9.0f}" if seconds else " " * 9
    return f"{told}  {verdict.note}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
