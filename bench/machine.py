"""What the figures were measured on, and with."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

DISTRIBUTIONS = (
    "uvicorn",
    "uvloop",
    "httptools",
    "starlette",
    "asyncpg",
    "sqlalchemy",
    "msgspec",
    "joserfc",
    "fastapi",
    "pyjwt",
)


def facts() -> dict[str, str]:
    """The machine and the versions, by name."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8", "replace"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "Processor": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "Memory": f"{memory:.0f} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Libraries": ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS),
        "wrk": _first_line("wrk", "--version"),
        "h2load": _first_line("h2load", "--version"),
    }


def _first_line(*command: str) -> str:
    # wrk says its version and ends with 1.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0].split(" Copyright")[0]
