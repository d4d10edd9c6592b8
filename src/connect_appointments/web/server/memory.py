"""The garbage collector of a process that serves."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """Freeze the objects that live as long as the process: a full collection stops every request for some 70 ms."""
    gc.collect()
    gc.freeze()
    # A request leaves few objects behind, and thousands of requests run at once.
    gc.set_threshold(20_000, 20, 20)
