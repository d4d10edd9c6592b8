"""Compiles a model with SPIN and gcc, searches all of its states, and reads what the search printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MODELS = Path(__file__).parent
DEPTH = 100_000
"""Steps of the longest run; the search says when this is too few."""
MEMORY_MB = 2000
TRACE_LINES = 80

_STATES = re.compile(r"^\s*(\d+) states, stored", re.MULTILINE)
_ERRORS = re.compile(r"errors: (\d+)")
_UNFINISHED = re.compile(r"max search depth too small|Search not completed|out of memory|aborted")
_SECTION = re.compile(r"^unreached in (?:proctype )?(\w+)\n((?:\t.*\n)*)", re.MULTILINE)


class SpinError(Exception):
    """A model that could not be compiled or searched."""


class Search(NamedTuple):
    """The result of a search.

    errors: 0 if every state was searched, and none breaks a property.
    unreached: the statements that no run executes, each with its process; ends of processes and assertions are
    left out.
    """

    states: int
    errors: int
    complete: bool
    unreached: frozenset[tuple[str, str]]
    seconds: float = 0.0
    trace: str = ""


def read(output: str) -> Search:
    """Read the output of a search. Raises `SpinError` if it reports no result."""
    states, errors = _STATES.search(output), _ERRORS.search(output)
    if states is None or errors is None:
        raise SpinError(output.strip()[-1000:] or "the search printed nothing")
    return Search(int(states[1]), int(errors[1]), _UNFINISHED.search(output) is None, frozenset(_unreached(output)))


def _unreached(output: str) -> list[tuple[str, str]]:
    lines = [(process, line.strip()) for process, text in _SECTION.findall(output) for line in text.splitlines()]
    return [(process, line) for process, line in lines if not re.search(r'"(-end-|assert\(.*\))"|of \d+ states', line)]


def search(model: str, macros: Sequence[str], *, cycles: bool, fast: bool) -> Search:
    """Search every state of a model.

    macros: what the preprocessor defines, such as `LOSSES=1`.
    cycles: look for endless runs instead of broken assertions.
    fast: optimize the search, which takes longer to compile.
    """
    options = [f"-D{macro}" for macro in macros]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in MODELS.glob("*.pml"):
            shutil.copy(file, folder)
        _run(folder, "spin", "-o3", "-a", *options, f"{model}.pml")
        kind = "-DNP" if cycles else "-DSAFETY"
        _run(folder, "gcc", "-O1" if fast else "-O0", "-w", kind, f"-DMEMLIM={MEMORY_MB}", "-o", "pan", "pan.c")
        begun = time.monotonic()
        output = _run(folder, "./pan", f"-m{DEPTH}", "-E", *(["-l"] if cycles else []), may_fail=True)
        found = read(output)._replace(seconds=time.monotonic() - begun)
        return found._replace(trace=_trace(folder, options, model)) if found.errors else found


def _trace(folder: Path, options: Sequence[str], model: str) -> str:
    """The last steps of the run that breaks a property."""
    lines = _run(folder, "spin", "-o3", "-t", "-p", *options, f"{model}.pml", may_fail=True).splitlines()
    return "\n".join(lines[-TRACE_LINES:])


def _run(folder: Path, *command: str, may_fail: bool = False) -> str:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
    )
    if done.returncode and not may_fail:
        raise SpinError(f"{' '.join(command[:3])}: {done.stdout.strip()[-1000:]}")
    return done.stdout
