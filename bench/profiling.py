"""Where the processor time of a server goes: py-spy samples it under load, by package."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.load import WrongAnswersError
from bench.tools import profiler

SAMPLES_A_SECOND = 400
OWN = "connect_appointments"
LOOP = "event loop, sockets (uvloop)"
LOOP_FILES = ("asyncio/runners.py", "uvloop/")
"""The frame below everything that C code of the loop does."""

STANDARD_LIBRARY = "standard library"
IDLE = "concurrent/futures/thread.py"
"""A thread that waits for work looks busy to py-spy."""


def shares(pid: int, seconds: int) -> Mapping[str, float]:
    """The share of each package in the processor time of a process that is under load.

    Raises `WrongAnswersError` when py-spy may not sample the process.
    """
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        command = [str(profiler()), "record", "--pid", str(pid), "--duration", str(seconds)]
        command += ["--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", str(stacks)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise WrongAnswersError(f"no profile: {(done.stderr or done.stdout)[-300:]}")
        samples = _by_package(stacks.read_text("utf-8"))
    return {package: count / samples.total() for package, count in samples.items()}


def _by_package(stacks: str) -> Counter[str]:
    samples: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        file = stack.rpartition(";")[2].rpartition("(")[2]
        if not file.startswith(IDLE):
            samples[_package(file)] += int(count)
    return samples


def _package(file: str) -> str:
    """The package of a file; of the service's own code the inner package, `web/api`."""
    if file.startswith(LOOP_FILES):
        return LOOP
    folders = re.sub(r":\d+\)?$", "", file).split("/")[:-1]
    if folders[:1] == [OWN]:
        return "/".join(folders[: 3 if folders[1:2] == ["web"] else 2])
    return folders[0] if folders else STANDARD_LIBRARY
