"""Three etcd, in which Patroni keeps who is leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.throwaway_postgres import free_port

from . import processes

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 3
CALM = ("--heartbeat-interval", "200", "--election-timeout", "2000", "--log-level", "warn")
"""On a busy machine a member that was not let run for a second is no dead one."""


def start(folder: Path, program: Path) -> list[str]:
    """Start them in folders of their own below `folder`; `host:port` of each. They are ready when they are."""
    names = [f"etcd-{number}" for number in range(1, SIZE + 1)]
    clients = [f"127.0.0.1:{free_port()}" for _ in names]
    peers = [f"127.0.0.1:{free_port()}" for _ in names]
    together = ",".join(f"{name}=http://{peer}" for name, peer in zip(names, peers, strict=True))
    for name, client, peer in zip(names, clients, peers, strict=True):
        own = processes.make_folder(folder / name)
        options = {
            "name": name,
            "data-dir": str(own / "data"),
            "listen-client-urls": f"http://{client}",
            "advertise-client-urls": f"http://{client}",
            "listen-peer-urls": f"http://{peer}",
            "initial-advertise-peer-urls": f"http://{peer}",
            "initial-cluster": together,
            "initial-cluster-state": "new",
        }
        told = [word for option, value in options.items() for word in (f"--{option}", value)]
        processes.start([str(program), *told, *CALM], own)
    return clients
