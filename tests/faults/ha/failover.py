"""One kind of failover while it is tried, and how long nobody could write."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..process import until
from ..trial import Trial

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from ..history import Call
    from ..load import Load
    from .cluster import Cluster
    from .node import Node

PATIENCE_SECONDS = 60.0
"""How long a new leader, and a write it acknowledges, may take before the trial is given up."""
ACKNOWLEDGED = frozenset({("create", 201), ("book", 201), ("cancel", 204)})


class Fault(NamedTuple):
    """Something that happens to a leader.

    do: makes it happen. undo: what an operator does later, for the node to take part again.
    times: how often in a usual run. limit_seconds: until writes must be acknowledged again.
    """

    name: str
    do: Callable[[Cluster, Node], Awaitable[None]]
    undo: Callable[[Node], Awaitable[None]]
    times: int
    limit_seconds: float


class Pause(NamedTuple):
    """The longest time without an acknowledged write: from the last one before it to the first one after it."""

    start_ns: int
    end_ns: int


@dataclass
class Failover(Trial):
    """A kind of failover while it is tried, and its outcome.

    limit_seconds: until writes must be acknowledged again, from the fault on.
    again_seconds: after how long they were, for each fault.
    """

    limit_seconds: float = 0.0
    again_seconds: list[float] = field(default_factory=list)

    @property
    def slowest_seconds(self) -> float:
        """The longest of all."""
        return max(self.again_seconds, default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every promise was kept, and in time."""
        return super().passed and self.slowest_seconds <= self.limit_seconds

    async def once(self, fault: Fault, cluster: Cluster, load: Load) -> None:
        """Let it happen to the leader, wait for another one, and until the cluster is whole again."""
        leader = await cluster.whole()
        await asyncio.sleep(self.chance.uniform(0.5, 1.5))
        moment = time.monotonic_ns()
        try:
            await fault.do(cluster, leader)
            await cluster.another_leader(leader, PATIENCE_SECONDS)
            await _written_after(load, time.monotonic_ns())
            await asyncio.sleep(self.chance.uniform(0.5, 1.5))
        finally:
            await fault.undo(leader)
        # The load goes on while the node comes back: that is when a former leader could do harm.
        await cluster.whole()
        pause = longest_pause(load.calls, moment)
        self.again_seconds.append((pause.end_ns - moment) / 1e9)
        self.times += cut(load.calls, Pause(max(moment, pause.start_ns), pause.end_ns)) > 0


def longest_pause(calls: Iterable[Call], moment_ns: int) -> Pause:
    """The longest time without an acknowledged write that ended after a moment; raises ValueError if there is none."""
    writes = sorted(call.end_ns for call in calls if (call.op, call.answer.status) in ACKNOWLEDGED)
    pauses = [Pause(*pair) for pair in pairwise(writes) if pair[1] > moment_ns]
    return max(pauses, key=lambda pause: pause.end_ns - pause.start_ns)


def cut(calls: Iterable[Call], pause: Pause) -> int:
    """How many calls were under way in a pause and failed, or were held: begun in its first half, answered after it."""
    middle = (pause.start_ns + pause.end_ns) // 2
    during = [call for call in calls if call.start_ns < pause.end_ns and call.end_ns > pause.start_ns]
    return sum(call.fate == "unknown" or (call.start_ns < middle and call.end_ns >= pause.end_ns) for call in during)


async def _written_after(load: Load, moment_ns: int) -> None:
    """Wait until a write that was begun after a moment is acknowledged; raises TimeoutError."""

    def written() -> bool:
        return any(
            call.start_ns > moment_ns and (call.op, call.answer.status) in ACKNOWLEDGED for call in load.calls[-200:]
        )

    if not await until(written, PATIENCE_SECONDS):
        raise TimeoutError
