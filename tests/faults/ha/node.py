"""One node of the cluster: Patroni, and the PostgreSQL that it runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgres_processes import give
from tests.throwaway_postgres import free_port

from . import processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from .software import Software

TTL_SECONDS = 20
"""After how long without a sign of life another node may become leader; Patroni takes no less."""
PARAMETERS = {
    "shared_buffers": "32MB",
    "max_connections": 100,
    "max_wal_senders": 10,
    "max_replication_slots": 10,
    "wal_keep_size": "256MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
POLICY: dict[str, object] = {
    "ttl": TTL_SECONDS,
    "loop_wait": 1,
    "retry_timeout": 5,
    "primary_start_timeout": 0,
    "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": PARAMETERS},
}
INIT = """
import ctypes, os, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
patroni = subprocess.Popen(sys.argv[1:])
while os.wait()[0] != patroni.pid:
    pass
"""
"""Takes note of deaths at once, as a machine's init does. That of a sandbox may be a second late, and Patroni takes a
dead postmaster for a living one as long as nobody took note."""
TRUST = ("host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust")


class Node:
    """One node in a folder of its own.

    port: of its PostgreSQL. api: where Patroni is asked.
    """

    def __init__(self, name: str, folder: Path, software: Software) -> None:
        """Start nothing yet."""
        self.name = name
        self.folder = folder
        self.port = free_port()
        self.api = f"127.0.0.1:{free_port()}"
        self._software = software
        self._patroni: subprocess.Popen[bytes] | None = None

    def configure(self, etcd: Sequence[str], *, synchronous: bool) -> None:
        """Write the configuration. etcd: `host:port` of each. synchronous: a commit waits for a standby."""
        processes.make_folder(self.folder)
        path = self.folder / "patroni.json"
        # JSON is YAML.
        path.write_text(json.dumps(self._configuration(etcd, synchronous=synchronous), indent=1), encoding="utf-8")
        give(path)

    def _configuration(self, etcd: Sequence[str], *, synchronous: bool) -> dict[str, object]:
        address = f"127.0.0.1:{self.port}"
        return {
            "scope": "connect",
            "name": self.name,
            "restapi": {"listen": self.api, "connect_address": self.api},
            "etcd3": {"hosts": list(etcd)},
            "bootstrap": {
                "dcs": POLICY | {"synchronous_mode": synchronous},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "bin_dir": str(self._software.postgres),
                "data_dir": str(self.folder / "data"),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
                "basebackup": {"checkpoint": "fast"},
                "pg_hba": list(TRUST),
            },
        }

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL when it may."""
        python = str(self._software.python)
        command = [python, "-m", "patroni", str(self.folder / "patroni.json")]
        self._patroni = processes.start([python, "-c", INIT, *command], self.folder)

    def kill_postmaster(self) -> None:
        """SIGKILL PostgreSQL's first process, which Patroni notices."""
        os.kill(self._postmaster(), signal.SIGKILL)

    def _postmaster(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])

    def signal_receiver(self, number: signal.Signals) -> None:
        """Send a signal to the process that receives the leader's log, if there is one."""
        for pid in processes.in_folder(self.folder):
            with contextlib.suppress(OSError):
                if b"walreceiver" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, number)

    def kill(self) -> None:
        """SIGKILL Patroni, PostgreSQL and every process of it."""
        processes.kill_all(self.folder)
        if self._patroni is not None:
            self._patroni.wait()

    def freeze(self) -> None:
        """SIGSTOP all of it: connections are taken by the system and stay open, and nobody answers."""
        processes.signal_all(self.folder, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on; it does not know that time has passed."""
        processes.signal_all(self.folder, signal.SIGCONT)

    @property
    def log(self) -> Path:
        """Where Patroni and PostgreSQL log."""
        return self.folder.with_suffix(".log")
