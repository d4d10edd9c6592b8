"""The processes of a cluster: each has its working folder inside the cluster's, and is found by that.

PostgreSQL's server is no child of ours but of Patroni. Nothing is ever ended by its name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgres_processes import environment, give, identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KILL_SECONDS = 10.0
KEEPER_SCRIPT = """
while read -r line; do :; done
nft delete table inet "$2" 2>/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    for link in /proc/[0-9]*/cwd; do
        case "$(readlink "$link" 2>/dev/null)" in
            "$1" | "$1"/*) pid=${link#/proc/}; kill -KILL "${pid%/cwd}" 2>/dev/null ;;
        esac
    done
    rm -rf "$1" 2>/dev/null && exit 0
    sleep 0.5
done
exit 1
"""
"""Ends whatever works in a folder ($1), and takes away the folder and a firewall table ($2), when our end is closed."""


@contextlib.contextmanager
def kept_folder(table: str) -> Iterator[Path]:
    """A folder for a cluster; with it end all processes in it and the firewall table, even when we are killed."""
    folder = Path(tempfile.mkdtemp(prefix="connect-ha-cluster-", dir="/tmp"))
    command = ["/bin/sh", "-c", KEEPER_SCRIPT, "keeper", str(folder), table]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        give(folder)
        yield folder
    finally:
        keeper.communicate()


def make_folder(folder: Path) -> Path:
    """Make a folder that belongs to the user that PostgreSQL runs as, and to nobody else."""
    folder.mkdir(mode=0o700)
    give(folder)
    return folder


def start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a program in a folder, as the user that PostgreSQL runs as; it logs into a file beside the folder."""
    with folder.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment(),
            # Ctrl-C in a terminal does not end the cluster before those who use it.
            start_new_session=True,
            **identity(),
        )


def in_folder(folder: Path) -> set[int]:
    """The processes that work in a folder or below it."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        # It may end while we look, and a dead one that nobody has waited for works nowhere.
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.add(int(process.name))
    return found


def signal_all(folder: Path, number: signal.Signals) -> None:
    """Send a signal to every process in a folder, and to those that were begun meanwhile."""
    told: set[int] = set()
    while new := in_folder(folder) - told:
        for pid in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        told |= new


def kill_all(folder: Path) -> None:
    """SIGKILL every process in a folder; raises TimeoutError if one survives."""
    give_up = time.monotonic() + KILL_SECONDS
    while in_folder(folder):
        signal_all(folder, signal.SIGKILL)
        if time.monotonic() > give_up:
            raise TimeoutError(f"processes in {folder} survive SIGKILL")
        time.sleep(0.01)
