"""Work that repeats in the background of a server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable


@contextlib.asynccontextmanager
async def repeating(work: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> AsyncIterator[None]:
    """Do `work` now, and again after each pause (in seconds) for the duration of the context."""
    await work()
    task = asyncio.create_task(_repeat(work, pause))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _repeat(work: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> None:
    while True:
        await asyncio.sleep(pause())
        await work()
