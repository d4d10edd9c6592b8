"""Where the processor time of a server goes: py-spy looks at it under load, and each look is given to a part."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.load import WrongAnswersError
from bench.tools import profiler

LOOKS_A_SECOND = 400
LOOP = "event loop, sockets (uvloop)"
HTTP = "HTTP (uvicorn, httptools, ours)"
PARTS = {
    "uvicorn/": HTTP,
    "connect_appointments/web/server/": HTTP,
    "connect_appointments/web/api/re": HTTP,  # request.py, response.py
    "bench/peers/raw.py": "the application",
    "connect_appointments/web/api/auth.py": "tokens (ours, joserfc, cryptography)",
    "joserfc/": "tokens (ours, joserfc, cryptography)",
    "cryptography/": "tokens (ours, joserfc, cryptography)",
    "connect_appointments/web/api/": "checks, JSON, answers (ours)",
    "json/": "checks, JSON, answers (ours)",
    "connect_appointments/store/sqlite.py": "SQLite, its statements and fsync",
    "asyncpg/": "PostgreSQL's driver (asyncpg)",
    "connect_appointments/": "service, group commit, store (ours)",
    "asyncio/runners.py": LOOP,
    "uvloop/": LOOP,
}
"""Whose a look is: by the beginning of the file of the innermost function; the first that fits."""
ELSEWHERE = "elsewhere"
IDLE = "concurrent/futures/thread.py"
"""A thread that waits for work looks busy to py-spy."""


def shares(pid: int, seconds: int) -> Mapping[str, float]:
    """The share of each part in the processor time of a process that is under load.

    Raises `WrongAnswersError` when py-spy may not look at the process.
    """
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        command = [str(profiler()), "record", "--pid", str(pid), "--duration", str(seconds)]
        command += ["--rate", str(LOOKS_A_SECOND), "--format", "raw", "--output", str(stacks)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise WrongAnswersError(f"no profile: {(done.stderr or done.stdout)[-300:]}")
        found = _by_part(stacks.read_text("utf-8"))
    return {part: looks / found.total() for part, looks in found.items()}


def _by_part(stacks: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, looks = line.rpartition(" ")
        file = stack.rpartition(";")[2].rpartition("(")[2]
        if not file.startswith(IDLE):
            found[_part(file)] += int(looks)
    return found


def _part(file: str) -> str:
    return next((part for beginning, part in PARTS.items() if file.startswith(beginning)), ELSEWHERE)
