"""What a judge is asked, what it answers, and where the programs are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.outside.node import install

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PROGRAMS = ROOT / ".venv-judges" / "bin"
DOCUMENTS = tuple(sorted((ROOT / "docs" / "openapi").glob("v*.json")))
LOGS = ROOT / "build" / "judges"


class Verdict(NamedTuple):
    """One judge on one thing.

    looked_at: how many `unit`s it has seen; a judge that saw none has not judged.
    note: what else there is to say, such as warnings that are no errors.
    """

    judge: str
    subject: str
    looked_at: int
    unit: str
    findings: Sequence[str] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """It looked and found nothing."""
        return self.looked_at > 0 and not self.findings


class JudgeError(Exception):
    """A judge could not be asked."""


def ask(command: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a judge's program in the project's folder, with the tree to be imported from and no telemetry."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=quiet_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def quiet_environment() -> Mapping[str, str]:
    """What a judge is started with."""
    return {
        **os.environ,
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SEND_METRICS": "off",
    }


def program(name: str) -> Path:
    """A Python program of the judges' own environment; raises JudgeError when it is not there."""
    path = PROGRAMS / name
    if not path.exists():
        raise JudgeError(f"{name} is not in .venv-judges: run make judges, which sets it up")
    return path


def node_program(name: str) -> Path:
    """A program of package.json, installed first if it has to be; raises NodeError when that cannot be done."""
    install(FOLDER)
    return FOLDER / "node_modules" / ".bin" / name


def broke(name: str, result: subprocess.CompletedProcess[str]) -> JudgeError:
    """The judge ended without a verdict."""
    return JudgeError(f"{name} ended with {result.returncode}: {(result.stderr or result.stdout).strip()[-800:]}")
