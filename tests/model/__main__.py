"""Search every state of the models with SPIN; each model must hold, and each mutant must not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.model.runs import ENDS, MUTANTS, RUNS, SMALLER, SPARE, Mutant, Run
from tests.model.spin import Search, SpinError, search


class Result(NamedTuple):
    """A line of the report: a search, and what is wrong with it, None if nothing is."""

    label: str
    search: Search | None
    verdict: str
    wrong: str | None = None


def main() -> int:
    """Run every search; the exit code."""
    missing = [command for command in ("spin", "gcc") if shutil.which(command) is None]
    if missing:
        sys.exit(f"the models need {' and '.join(missing)}: Debian packages of the same name")
    failed = passed = 0
    for result in _results():
        print(_line(result), flush=True)
        failed += result.wrong is not None
        passed += result.wrong is None
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _results() -> Iterator[Result]:
    searched: list[tuple[Run, Search]] = []
    for run in RUNS:
        result = _holds(f"model   {run.name}", run.model, run.macros, fast=True)
        searched += [(run, result.search)] if result.search else []
        yield result
    yield from (never_executed(model, searched) for model in dict.fromkeys(run.model for run in RUNS))
    for run in ENDS:
        yield _holds(f"ends    {run.name}", run.model, joined(run.macros, SMALLER), cycles=True)
    for spare in SPARE:
        macros = (*joined(spare.run.macros, SMALLER), *spare.macros)
        yield _holds(f"spare   {spare.run.name}: {spare.name}", spare.run.model, macros)
    yield from (_killed(mutant) for mutant in MUTANTS)


def joined(macros: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The macros of both; where both have one, the value of the second."""
    values = dict(macro.partition("=")[::2] for macro in (*macros, *others))
    return tuple(f"{name}={value}" if value else name for name, value in values.items())


def _holds(label: str, model: str, macros: Iterable[str], *, cycles: bool = False, fast: bool = False) -> Result:
    try:
        found = search(model, tuple(macros), cycles=cycles, fast=fast)
    except SpinError as error:
        return Result(label, None, "not searched", str(error))
    if found.errors:
        return Result(label, found, "BROKEN", f"a run breaks a property; its last steps:\n{found.trace}")
    if not found.complete:
        return Result(label, found, "NOT COMPLETE", "the search has left states out")
    return Result(label, found, "holds")


def _killed(mutant: Mutant) -> Result:
    label = f"mutant  {mutant.run.name}: {mutant.name}"
    try:
        found = search(mutant.run.model, (*mutant.run.macros, *mutant.macros), cycles=False, fast=False)
    except SpinError as error:
        return Result(label, None, "not searched", str(error))
    if not found.errors:
        return Result(label, found, "SURVIVED", f"no run breaks a property, although {mutant.meaning}")
    return Result(label, found, "counterexample found")


def never_executed(model: str, searched: Iterable[tuple[Run, Search]]) -> Result:
    """Whether each statement of a model is executed in one of its runs: a model that cannot act proves nothing."""
    sets = [found.unreached for run, found in searched if run.model == model]
    never = frozenset.intersection(*sets) if sets else frozenset()
    wrong = "\n".join(f"  {process}: {statement}" for process, statement in sorted(never))
    label = f"covered {model}.pml"
    return (
        Result(label, None, "PARTS NEVER RUN", wrong) if never else Result(label, None, "every statement is executed")
    )


def _line(result: Result) -> str:
    figures = f"{result.search.states:>11,} states {result.search.seconds:>5.1f} s" if result.search else " " * 26
    line = f"{result.label:<58}{figures}  {result.verdict}"
    return f"{line}\n{result.wrong}" if result.wrong else line


if __name__ == "__main__":
    sys.exit(main())
