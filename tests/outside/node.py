"""Node programs that tests start: found, installed from the lock file, and named when they are missing."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NODE_VERSION = "Node.js 20 or newer"


class NodeError(Exception):
    """Node.js or npm is missing, or could not install the packages."""


def program(name: str) -> str:
    """Return the path of `node` or `npm`; raises NodeError, one line, when it is not on PATH."""
    path = shutil.which(name)
    if path is None:
        raise NodeError(f"tests/outside needs {NODE_VERSION} with npm: there is no `{name}` on PATH")
    return path


def install(folder: Path) -> None:
    """Run `npm ci` in `folder` unless node_modules came from exactly this lock file; raises NodeError when it fails."""
    lock = (folder / "package-lock.json").read_bytes()
    # Written last, and npm ci begins by removing the folder it is in: an interrupted installation has none.
    installed = folder / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == lock:
        return
    result = subprocess.run([program("npm"), "ci"], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reasons = [line.removeprefix("npm error ") for line in result.stderr.splitlines() if "error" in line]
        raise NodeError(f"`npm ci` failed in tests/{folder.name}: {'; '.join(reasons[:3])}")
    installed.write_bytes(lock)
