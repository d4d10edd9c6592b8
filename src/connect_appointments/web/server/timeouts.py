"""How long a connection waits for its peer."""

from __future__ import annotations

from typing import NamedTuple


class Timeouts(NamedTuple):
    """How long a connection may wait for its peer, by what its reader expects.

    idle_seconds: for the next request, the first included; and for a response to be read.
    head_seconds: for the head of a request, once it has begun.
    body_seconds: for its body; also for the body of a request that has its response.
    """

    idle_seconds: float = 75
    head_seconds: float = 10
    body_seconds: float = 10
