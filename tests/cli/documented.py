"""The commands that the operations page tells an operator to run, as they stand there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.cli.program import PROGRAM, environment
from tests.docs.pages import blocks

FOLDER = "/backups"


def blocks_under(heading: str) -> list[str]:
    """The text of the fenced blocks under a heading of the operations page."""
    return [block.text for block in blocks("docs/operations.md") if block.heading == heading]


def shell(commands: str, folder: Path, binaries: Path, variables: dict[str, str], **how: Any) -> None:
    """Run commands as they stand, but for the folder of the backups; an assertion fails when one of them does.

    binaries: where PostgreSQL's own programs are. how: more of `subprocess.run`.
    """
    path = os.pathsep.join([str(binaries), str(Path(PROGRAM).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace(FOLDER, str(folder))],
        env={**environment(variables), "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
        **how,
    )
    assert done.returncode == 0, done.stdout + done.stderr
