"""Group commit: calls that arrive while a batch is in flight are queued and form the next batch.

There is one batch in flight and no timer: an idle server adds no latency, and a busy server commits once per batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.batching.batch_queue import BatchQueue, C, R, owner_of
from connect_appointments.store.engine import RETRIES, RETRY_SECONDS, Database
from connect_appointments.store.failures import is_retryable
from connect_appointments.store.locking import ROW_LOCKED
from connect_appointments.store.transaction import Transaction

C_contra = TypeVar("C_contra", contravariant=True)


class BatchWork(Protocol[C_contra]):
    """The work of a batch inside its transaction: a result, a refusal or `ROW_LOCKED` per command, in order.

    wait: wait for rows that another transaction has locked, instead of returning `ROW_LOCKED`.
    """

    async def __call__(
        self, transaction: Transaction, commands: Sequence[C_contra], /, *, wait: bool
    ) -> Sequence[Any]: ...


class GroupCommit(Generic[C, R]):
    """Runs the commands of one kind in batches, one batch at a time."""

    def __init__(
        self,
        database: Database,
        work: BatchWork[C],
        *,
        repeatable: bool = True,
        reads: bool = False,
        one_statement: bool = False,
        max_batch: int = 256,
        max_waiting: int = 4096,
    ) -> None:
        """Create the batching without starting any task.

        repeatable: a command is idempotent, so that it can be retried when the outcome of COMMIT is unknown.
        reads: the work is read-only.
        one_statement: the work is a single statement and needs no transaction around it; it must be repeatable.
        max_waiting: limit of queued calls, lower while batches are slow; calls above the limit are shed.
        """
        self._database = database
        self._work = work
        self._repeatable = repeatable
        self._reads = reads
        self._one_statement = one_statement
        self._queue = BatchQueue[C, R](max_batch=max_batch, max_waiting=max_waiting)
        self._task: asyncio.Task[None] | None = None

    async def submit(self, command: C) -> R:
        """Queue the command for the next batch and await its result; raise its refusal."""
        answer = await self._queued(command)
        if answer is ROW_LOCKED:
            return await self._run_alone(command)
        return answer

    async def submit_all(self, commands: Sequence[C]) -> list[R | Exception]:
        """Queue commands for the next batch; return their results, refusals and errors in order."""
        futures = [self._queued(command) for command in commands]
        answers = await asyncio.gather(*futures, return_exceptions=True)
        locked = [number for number, answer in enumerate(answers) if answer is ROW_LOCKED]
        alone = [self._run_alone(commands[number]) for number in locked]
        for number, answer in zip(locked, await asyncio.gather(*alone, return_exceptions=True), strict=True):
            answers[number] = answer
        return answers  # type: ignore[return-value]  # a CancelledError of a future is none of ours

    def _queued(self, command: C) -> asyncio.Future[R]:
        future = self._queue.add(command)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return future

    async def _run_alone(self, command: C) -> R:
        """Run a command outside of any batch and wait for its row lock."""
        row = (self, command.row if hasattr(command, "row") else command.key)
        for _ in range(2):  # a row that was deleted during the wait is missing the next time
            answers = await self._database.row_waits.run(
                row, owner_of(command), lambda: self._once([command], wait=True)
            )
            if answers[0] is not ROW_LOCKED:
                break
        answer: R = _checked(answers[0])
        return answer

    async def _drain(self) -> None:
        try:
            clock = asyncio.get_running_loop().time
            while self._queue:
                batch, begun = self._queue.take(), clock()
                answers = await self._settle([command for command, _ in batch])
                for (_, futures), answer in zip(batch, answers, strict=True):
                    _deliver(futures, answer)
                self._queue.served(clock() - begun)
        finally:
            self._task = None

    async def _settle(self, commands: Sequence[C]) -> Sequence[Any]:
        """A result or an error per command; an error of one command must not fail the other commands."""
        try:
            return await self._once(commands, wait=False)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to one command, which answers with it
            if len(commands) == 1 or _is_of_all(error):
                return [error] * len(commands)
            return await self._settle_one_by_one(commands, error)

    async def _settle_one_by_one(self, commands: Sequence[C], error: Exception) -> Sequence[Any]:
        """Isolate the command that failed a batch, without retries; commands not run in time fail with that error."""
        answers: list[Any] = []
        clock = asyncio.get_running_loop().time
        last = clock() + RETRY_SECONDS
        for command in commands:
            try:
                answers += await self._once([command], wait=False, retries=0) if clock() < last else [error]
            except Exception as own:  # noqa: BLE001 - it is this command's, which answers with it
                answers.append(own)
        return answers

    async def _once(self, commands: Sequence[C], *, wait: bool, retries: int = RETRIES) -> Sequence[Any]:
        async def work(transaction: Transaction) -> Sequence[Any]:
            return await self._work(transaction, commands, wait=wait)

        if self._reads:
            answers = await self._database.read(work, batch=not wait)
        else:
            answers = await self._database.write(
                work,
                batch=not wait,
                repeatable=self._repeatable,
                one_statement=self._one_statement,
                retries=retries,
            )
        if len(answers) != len(commands):
            raise AssertionError(f"{len(commands)} commands got {len(answers)} answers")
        return answers


def _is_of_all(error: Exception) -> bool:
    """Whether the error concerns the whole batch: an unreachable database does, a conflict may concern one command."""
    return isinstance(error, Unavailable) and not (
        isinstance(error.__cause__, Exception) and is_retryable(error.__cause__)
    )


def _checked(answer: Any) -> Any:
    if answer is ROW_LOCKED:
        raise Unavailable
    if isinstance(answer, Exception):
        raise answer
    return answer


def _deliver(futures: Sequence[asyncio.Future[R]], answer: Any) -> None:
    for future in futures:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
