"""Make an environment from a lock file: `python -m tools.setup LOCK FOLDER/STAMP`. Needs Python 3.11, nothing else."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)
OF_THE_PROJECT = Path(".venv")
"""The environment that holds the project itself; others hold tools, and what these need is not to meet it."""


def main(lock: str, stamp: str) -> None:
    """Install exactly what the lock names, by hash, where the stamp is to be; touch the stamp at the end."""
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; {sys.executable} is {sys.version.split()[0]}")
    folder = Path(stamp).parent
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    print(f"setting up {folder} from {lock}", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)  # noqa: S603 - our own words
    if folder == OF_THE_PROJECT:
        subprocess.run([*pip, "--no-deps", "--editable", "."], check=True)  # noqa: S603 - our own words
        # Else every start compiles it again, where the environment keeps Python from writing what it compiled.
        subprocess.run([str(python), "-m", "compileall", "-q", "src"], check=True)  # noqa: S603 - our own words
    Path(stamp).touch()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
