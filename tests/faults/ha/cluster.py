"""The whole cluster: who leads it, whether it is whole, and how to reach it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx2

from . import etcd, network, processes
from .node import Node
from .software import install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

SIZE = 3
WHOLE_SECONDS = 120.0
DATABASE = "connect"


class Cluster:
    """Nodes that agree on a leader."""

    def __init__(self, nodes: list[Node], *, synchronous: bool) -> None:
        """synchronous: whether one of the others must confirm each commit."""
        self.nodes = nodes
        self.synchronous = synchronous
        self._http = httpx2.AsyncClient(timeout=1)

    @property
    def url(self) -> str:
        """What an operator writes into DATABASE_URL."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres@{hosts}/{DATABASE}?target_session_attrs=read-write"

    async def members(self) -> list[dict[str, Any]]:
        """What a node that answers says of all; empty when none does."""
        answers = await self._ask("cluster", self.nodes)
        found: list[list[dict[str, Any]]] = [answer.json().get("members", []) for answer in answers if answer]
        return next(iter(found), [])

    async def leader(self) -> Node | None:
        """The node that answers as primary and holds the leader's key; None while there is none."""
        return await self._leader_among(self.nodes)

    async def _leader_among(self, nodes: Sequence[Node]) -> Node | None:
        answers = zip(nodes, await self._ask("primary", nodes), strict=True)
        return next((node for node, answer in answers if answer and answer.status_code == 200), None)

    async def _ask(self, path: str, nodes: Sequence[Node]) -> list[httpx2.Response | None]:
        """Each node's answer, or None where it gives none."""
        return await asyncio.gather(*(self._get(f"http://{node.api}/{path}") for node in nodes))

    async def _get(self, url: str) -> httpx2.Response | None:
        try:
            return await self._http.get(url)
        except httpx2.HTTPError:
            return None

    async def another_leader(self, former: Node, seconds: float) -> Node:
        """Wait for another leader than the former one; raises TimeoutError."""
        # The former one is let alone: to be asked in its trouble would keep it from getting out of it.
        others = [node for node in self.nodes if node is not former]
        async with asyncio.timeout(seconds):
            while True:
                found = await self._leader_among(others)
                if found is not None:
                    return found
                await asyncio.sleep(0.2)

    async def whole(self) -> Node:
        """Wait until every node takes part, one of them confirms commits, and the leader is known: that is it."""
        give_up = asyncio.get_running_loop().time() + WHOLE_SECONDS
        while True:
            members, found = await self.members(), await self.leader()
            if found and is_whole(members, synchronous=self.synchronous):
                return found
            if asyncio.get_running_loop().time() > give_up:
                raise RuntimeError(f"the cluster did not become whole: {members}")
            await asyncio.sleep(0.2)

    async def switch_over(self, leader: Node) -> None:
        """Ask for a planned change of the leader; returns when Patroni says that it is done."""
        answer = await self._http.post(f"http://{leader.api}/switchover", json={"leader": leader.name}, timeout=60)
        answer.raise_for_status()

    async def make_database(self) -> None:
        """Make an empty database at the leader."""
        leader = await self.whole()
        connection = await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{leader.port}/postgres")
        await connection.execute(f"CREATE DATABASE {DATABASE}")
        await connection.close()

    async def close(self) -> None:
        """End the connections to Patroni."""
        await self._http.aclose()


def is_whole(members: list[dict[str, Any]], *, synchronous: bool) -> bool:
    """Whether all run on one timeline behind one leader, and one of them is named to confirm commits."""
    roles = sorted((member["role"], member["state"]) for member in members)
    confirms = "sync_standby" if synchronous else "replica"
    expected = sorted([("leader", "running"), (confirms, "streaming"), ("replica", "streaming")])
    return roles == expected and len({member.get("timeline") for member in members}) == 1


@contextlib.asynccontextmanager
async def running_cluster(*, synchronous: bool = True) -> AsyncIterator[Cluster]:
    """Bring a cluster up with an empty database; nothing of it is left at the end.

    Raises RuntimeError when it does not become whole.
    """
    software = install()
    with processes.kept_folder(network.TABLE) as folder:
        hosts = etcd.start(folder, software.etcd)
        cluster = Cluster(
            [Node(f"node-{number}", folder / f"node-{number}", software) for number in range(1, SIZE + 1)],
            synchronous=synchronous,
        )
        try:
            for node in cluster.nodes:
                node.configure(hosts, synchronous=synchronous)
                node.start()
            await cluster.make_database()
            yield cluster
        finally:
            await cluster.close()
