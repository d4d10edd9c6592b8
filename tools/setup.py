"""Make .venv from a lock file: `python -m tools.setup LOCK STAMP`. Standard library only; needs Python 3.11."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)
FOLDER = Path(".venv")


def main(lock: str, stamp: str) -> None:
    """Install exactly what the lock names, by hash, and the project itself; touch the stamp at the end."""
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; {sys.executable} is {sys.version.split()[0]}")
    python = FOLDER / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER, with_pip=True)
    print(f"setting up .venv from {lock}", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)  # noqa: S603 - our own words
    subprocess.run([*pip, "--no-deps", "--editable", "."], check=True)  # noqa: S603 - our own words
    # Else every start compiles it again, where the environment keeps Python from writing what it compiled.
    subprocess.run([str(python), "-m", "compileall", "-q", "src"], check=True)  # noqa: S603 - our own words
    Path(stamp).touch()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
