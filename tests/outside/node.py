"""Node programs that tests start: found, installed from the lock file, and named when they are missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NODE_VERSION = "Node.js 20 or newer"


class MissingNodeError(Exception):
    """A program that comes with Node.js is not on PATH, or could not install the packages."""


def program(name: str) -> str:
    """Return the path of `node` or `npm`; raises MissingNodeError, one line, when it is not on PATH."""
    path = shutil.which(name)
    if path is None:
        raise MissingNodeError(f"this test needs {NODE_VERSION} with npm: there is no `{name}` on PATH")
    return path


def install(folder: Path) -> None:
    """Run `npm ci` in `folder` unless its node_modules were installed from exactly its lock file."""
    lock = (folder / "package-lock.json").read_bytes()
    # Written last, and npm ci begins by removing the folder it is in: an interrupted installation has none.
    installed = folder / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == lock:
        return
    result = subprocess.run([program("npm"), "ci"], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise MissingNodeError(f"`npm ci` failed in {folder}: {' | '.join(result.stderr.split(chr(10)))[-800:]}")
    installed.write_bytes(lock)
