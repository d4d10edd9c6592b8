"""`serve --processes 2`: one server to whoever scrapes it, whichever process answers."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from tests.cli.conftest import Start
from tests.cli.program import PATIENCE_SECONDS, Program, settings
from tests.cli.test_serve import GOOD

T = TypeVar("T")
CALLS = 20


def awaited(ask: Callable[[], T | None]) -> T:
    """What `ask` gives once it gives anything; a connection that breaks gives nothing."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        try:
            found = ask()
        except httpx2.TransportError:
            found = None
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("it never was")


def health_calls(url: str) -> float | None:
    """How many health checks a scrape counts; on a connection of its own, which any process may take."""
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith('connect_requests_total{operation="health",status="200"}')]
    return float(counted[0].split()[-1]) if counted else None


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()}


def folders_in(path: Path) -> list[Path]:
    return list(path.glob("connect-appointments-metrics-*"))


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the program makes its temporary folders."""
    found = tmp_path / "temporary"
    found.mkdir()
    return found


@pytest.fixture
def serving(start: Start, sqlite_template: Path, temporary: Path) -> Callable[..., Program]:
    def begin(*arguments: str) -> Program:
        path = shutil.copy(sqlite_template, temporary)
        env = settings(**GOOD, database_url=f"sqlite:///{path}")
        # A folder that the operator has for other programs.
        env |= {"TMPDIR": str(temporary), "PROMETHEUS_MULTIPROC_DIR": "/nonexistent"}
        return start("serve", "--no-worker", *arguments, env=env)

    return begin


def test_a_scrape_of_any_process_counts_the_calls_of_all_also_of_those_that_died(
    serving: Callable[..., Program], temporary: Path
) -> None:
    program = serving("--processes", "2")
    url = program.line_with("serving on ").split()[-1]
    program.line_with("serving on ")
    for _ in range(CALLS):
        assert httpx2.get(f"{url}/livez").status_code == 200
    assert [health_calls(url) for _ in range(10)] == [CALLS] * 10

    first = children_of(program.pid)
    assert len(first) == 2
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    program.line_with("serving on ")
    program.line_with("serving on ")
    assert not first & children_of(program.pid)
    assert awaited(lambda: health_calls(url)) == CALLS
    for _ in range(CALLS):
        assert httpx2.get(f"{url}/livez").status_code == 200
    assert [health_calls(url) for _ in range(10)] == [2 * CALLS] * 10

    (folder,) = folders_in(temporary)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert program.stop() == 0
    assert folders_in(temporary) == []


def test_one_process_keeps_its_counters_in_memory(serving: Callable[..., Program], temporary: Path) -> None:
    program = serving()
    url = program.line_with("serving on ").split()[-1]
    assert httpx2.get(f"{url}/livez").status_code == 200
    assert health_calls(url) == 1
    assert folders_in(temporary) == []
    assert "counter_" not in Path(f"/proc/{program.pid}/maps").read_text(encoding="utf-8")
    assert program.stop() == 0


def test_a_folder_for_the_counters_that_cannot_be_made_is_said_in_one_line() -> None:
    code = (
        "import tempfile; tempfile.tempdir = '/nonexistent'; import sys; sys.argv[0] = 'connect-appointments';"
        "from connect_appointments.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--processes", "2"],
        env={**os.environ, **settings(**GOOD, database_url="sqlite:///x.db")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("connect-appointments: cannot create a folder for the counters of 2 processes: ")
    assert done.stderr.count("\n") == 1


def test_the_command_is_loaded_without_the_counters() -> None:
    code = "import sys, connect_appointments.cli.serve; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
