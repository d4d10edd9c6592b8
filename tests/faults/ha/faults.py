"""THE table of what happens to a leader."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from . import network
from .failover import Fault

if TYPE_CHECKING:
    from .cluster import Cluster
    from .node import Node


BEHIND_SECONDS = 0.5


async def postmaster_killed(_: Cluster, leader: Node) -> None:
    """`kill -9` of the leader's postmaster; its Patroni detects it at once and gives up the lead."""
    leader.kill_postmaster()


async def node_killed(cluster: Cluster, leader: Node) -> None:
    """`kill -9` of the leader's Patroni, postmaster and all their processes; the others wait for its lease to end."""
    if cluster.synchronous:
        await asyncio.to_thread(leader.kill)
        return
    # Between two processes of one machine everything arrives at once: here it does not, as it may not elsewhere.
    for node in cluster.nodes:
        node.signal_receiver(signal.SIGSTOP)
    await asyncio.sleep(BEHIND_SECONDS)
    await asyncio.to_thread(leader.kill)
    for node in cluster.nodes:
        # What has reached the machine, but not the process, is lost with it.
        node.signal_receiver(signal.SIGTERM)
        node.signal_receiver(signal.SIGCONT)


async def switched_over(cluster: Cluster, leader: Node) -> None:
    """A planned change of the leader (`POST /switchover`)."""
    await cluster.switch_over(leader)


async def frozen(_: Cluster, leader: Node) -> None:
    """SIGSTOP of the leader's Patroni and PostgreSQL, like a paused virtual machine; SIGCONT when another leads."""
    leader.freeze()


async def cut_off(_: Cluster, leader: Node) -> None:
    """Every packet to and from the leader's PostgreSQL is dropped (nft); the rule is removed when another leads."""
    network.drop(leader.port)


async def nothing(_: Node) -> None:
    """Patroni takes the former leader back by itself."""


async def started(leader: Node) -> None:
    """Start the node again."""
    leader.start()


async def thawed(leader: Node) -> None:
    """Let it go on."""
    leader.thaw()


async def reachable(_: Node) -> None:
    """Let packets through."""
    network.restore()


FAULTS = (
    Fault("leader's postmaster killed", postmaster_killed, nothing, 3, 3.0),
    Fault("leader's node killed", node_killed, started, 1, 25.0),
    Fault("planned switchover", switched_over, nothing, 2, 10.0),
    Fault("leader frozen", frozen, thawed, 1, 30.0),
    Fault("leader's port dropped", cut_off, reachable, 1, 30.0),
)
