"""Timeouts of a connection that waits for its peer."""

from __future__ import annotations

from typing import NamedTuple


class Timeouts(NamedTuple):
    """Timeouts of a connection that waits for its peer, by the part that its reader expects.

    idle_seconds: for the next request, including the first; also for the peer to read a response.
    head_seconds: for the head of a request, once it has started.
    body_seconds: for the body; also for the body of a request that already has its response.
    """

    idle_seconds: float = 75
    head_seconds: float = 10
    body_seconds: float = 10
