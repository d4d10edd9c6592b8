"""The programs of others that the bench needs, and what to install when one is missing."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from tests.postgres_binaries import find_binaries

PROGRAMS = {"wrk": "wrk", "h2load": "nghttp2-client"}
"""Each program, and the Debian package it comes in."""

MODULES = {"fastapi": "fastapi", "jwt": "pyjwt[crypto]", "uvicorn": "uvicorn"}
"""Each module of the peers, and the distribution it comes in."""


class MissingToolsError(Exception):
    """Something has to be installed first; the message is one line for each."""


def check_tools() -> None:
    """Raise `MissingToolsError` naming everything that is missing."""
    wrong = [
        f"{program} is missing: install it, e.g. apt-get install {package}"
        for program, package in PROGRAMS.items()
        if shutil.which(program) is None
    ]
    wrong += [
        f"the module {module} is missing: pip install '{distribution}', or install the bench extra of this project"
        for module, distribution in MODULES.items()
        if importlib.util.find_spec(module) is None
    ]
    if not profiler().exists():
        wrong.append("py-spy is missing: pip install py-spy, or install the bench extra of this project")
    try:
        pgbench()
    except (MissingToolsError, RuntimeError) as error:
        wrong.append(str(error))
    if wrong:
        raise MissingToolsError("\n".join(wrong))


def pgbench() -> str:
    """The path of pgbench: beside the server's programs, or on PATH."""
    beside = find_binaries() / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    if found is None:
        raise MissingToolsError("pgbench is missing: install it, e.g. apt-get install postgresql-contrib")
    return found


def profiler() -> Path:
    """The path of py-spy, whether it is there or not."""
    return Path(sys.executable).with_name("py-spy")


def repository() -> Path:
    """The folder that holds this project."""
    return Path(__file__).resolve().parent.parent
