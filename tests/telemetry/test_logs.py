"""What every log line of a process has, whoever writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PROGRAM = """
import logging, os, stamina, structlog
from connect_appointments.telemetry.logs import configure_logging
configure_logging("info")
print(os.getpid(), flush=True)
structlog.get_logger().info("ours", request_id="r-1")
logging.getLogger("asyncio").error("theirs %s", "too")
logging.getLogger("asyncio").info("of no interest")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("uvicorn.error").exception("a bug")
for attempt in stamina.retry_context(on=ValueError, attempts=3, wait_initial=0, wait_max=0, wait_jitter=0):
    with attempt:
        if attempt.num < 3:
            raise ValueError("try again")
if os.fork() == 0:
    print(os.getpid(), flush=True)
    structlog.get_logger().info("of a fork")
    os._exit(0)
os.wait()
"""


def said() -> tuple[list[int], list[dict[str, Any]]]:
    """The pids that the program prints, and the lines that it logs."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True)
    return [int(pid) for pid in done.stdout.split()], [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_its_process_also_those_of_libraries_and_no_retry_has_one() -> None:
    (parent, child), lines = said()
    assert [(line["event"], line["process"]) for line in lines] == [
        ("ours", parent),
        ("theirs too", parent),
        ("a bug", parent),
        ("of a fork", child),
    ]
    assert all(line["level"] and line["timestamp"] for line in lines)
    assert lines[0]["request_id"] == "r-1"
    assert lines[1]["logger"] == "asyncio"
    assert "ZeroDivisionError" in lines[2]["exception"]
