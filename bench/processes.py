"""Processes that the bench starts, what they cost, and their end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10.0
LOOK_SECONDS = 1.0


@contextlib.contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command while the context lasts; what it prints goes to the end of `log`."""
    with log.open("ab") as output:
        # A session of its own, so that Ctrl-C reaches only the bench, which then stops it in order.
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started, gently, then not."""
    family = tree(process.pid)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in family[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


def tree(pid: int) -> list[int]:
    """The process and all its descendants, itself first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time that a process and its descendants, living and reaped, have used so far."""
    total = 0
    for one in tree(pid):
        # After the name: state is 0, ppid 1, utime 11, stime 12, cutime 13, cstime 14. Source: proc(5)
        if fields := _stat(one):
            total += sum(int(value) for value in fields[11:15])
    return total / TICKS_A_SECOND


def machine_busy_seconds() -> float:
    """The processor time that was not idle, of all cores, since the machine started."""
    fields = [int(value) for value in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS_A_SECOND


def busy_part() -> float:
    """Which part of all cores is busy, looked at for a moment."""
    before = machine_busy_seconds()
    time.sleep(LOOK_SECONDS)
    return (machine_busy_seconds() - before) / LOOK_SECONDS / (os.cpu_count() or 1)


def memory_mib(pid: int) -> float:
    """The resident memory of the largest process of a tree."""
    return max((_resident_kib(one) for one in tree(pid)), default=0) / 1024


def _resident_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything; empty when the process is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return []


class Meter:
    """Processor seconds of some processes, of the whole machine, and of the wall clock, since it was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        self._busy_before = machine_busy_seconds()
        self._started = time.monotonic()

    def read(self) -> dict[str, float]:
        """Seconds by name; `machine` of everything that runs, `wall` for the time that passed."""
        used = {name: cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}
        busy = machine_busy_seconds() - self._busy_before
        return {**used, "machine": busy, "wall": time.monotonic() - self._started}
