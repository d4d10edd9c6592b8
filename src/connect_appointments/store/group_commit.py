"""Group commit: calls that arrive while one batch is in flight wait, and go together in the next.

One batch in flight and no timer, so an idle server adds no latency, and a busy one pays for a commit once a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic

import stamina

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.failures import is_out_of_time, is_retryable, translated_errors
from connect_appointments.store.waiting import M, R, Waiting

MORE_TRIES = 9
RETRY_SECONDS = 3
"""No new try begins after so long."""


class GroupCommit(Generic[M, R]):
    """Gathers calls into batches, one batch in flight."""

    def __init__(
        self,
        run: Callable[[Sequence[M]], Awaitable[Sequence[R]]],
        *,
        repeatable: bool = True,
        max_batch: int = 256,
        max_waiting: int = 4096,
    ) -> None:
        """Start nothing yet.

        run: takes the members of a batch and returns a result for each, in their order.
        repeatable: running a member again is harmless, so that it may be done when an error left the outcome unknown.
        max_waiting: calls that may wait, fewer while batches are slow; one more raises `Overloaded`.
        """
        self._run = run
        self._more_tries = MORE_TRIES if repeatable else 0
        self._waiting = Waiting[M, R](max_batch=max_batch, max_waiting=max_waiting)
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return self._task is None

    async def submit(self, member: M) -> R:
        """Put the member into the next batch and wait for its result; raise what its statement raised."""
        future = self._waiting.add(member)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            clock = asyncio.get_running_loop().time
            while self._waiting:
                batch, begun = self._waiting.take(), clock()
                results = await self._settle([member for member, _ in batch])
                for (_, futures), result in zip(batch, results, strict=True):
                    _deliver(futures, result)
                self._waiting.served(clock() - begun)
        finally:
            self._task = None

    async def _settle(self, members: Sequence[M]) -> Sequence[R | Exception]:
        """A result or an error for each member; one bad member must not fail the others."""
        try:
            return await self._attempt(members)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to one member, which is told
            if len(members) == 1 or _is_of_all(error):
                return [error] * len(members)
            return [(await self._settle([member]))[0] for member in members]

    async def _attempt(self, members: Sequence[M]) -> Sequence[R]:
        try:
            return await self._once(members)
        except Exception as error:
            if self._more_tries < 1 or not _worth_repeating(error):
                raise
        async for attempt in stamina.retry_context(
            on=_worth_repeating, attempts=self._more_tries, timeout=RETRY_SECONDS, wait_initial=0.005, wait_max=0.05
        ):
            with attempt:
                return await self._once(members)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    async def _once(self, members: Sequence[M]) -> Sequence[R]:
        with translated_errors():
            results = await self._run(members)
        if len(results) != len(members):
            raise AssertionError(f"{len(members)} members got {len(results)} results")
        return results


def _worth_repeating(error: Exception) -> bool:
    """A broken connection is worth a new one; a database that let time run out has had its chance."""
    return isinstance(error, Unavailable) and not is_out_of_time(error.__cause__)


def _is_of_all(error: Exception) -> bool:
    """A database that cannot be reached can be reached for no member; a conflict may be of one of them."""
    return isinstance(error, Unavailable) and not (
        isinstance(error.__cause__, Exception) and is_retryable(error.__cause__)
    )


def _deliver(futures: Sequence[asyncio.Future[R]], result: R | Exception) -> None:
    for future in futures:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
