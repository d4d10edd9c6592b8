"""Threads that run SQLite: waits for the disk or for a lock must not block the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from connect_appointments.core.errors import Overloaded

T = TypeVar("T")


class Threads:
    """Threads with one connection each, opened at its first use."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], count: int, seconds: float, name: str) -> None:
        """`seconds`: how long work waits for a free thread before it is refused with `Overloaded`."""
        self._connect = connect
        self._count = count
        self._seconds = seconds
        self._name = name
        self._free = asyncio.Semaphore(count)
        self._executor: ThreadPoolExecutor | None = None
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a free thread."""
        await self.acquire()
        return await self.run_acquired(work)

    async def acquire(self) -> None:
        """Wait for a free thread and reserve it. Raises `Overloaded`."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise Overloaded from error

    def release(self) -> None:
        """Release a thread."""
        self._free.release()

    @property
    def connection(self) -> sqlite3.Connection | None:
        """The connection, if there is a single thread; None before its first use."""
        return self._connections[0] if self._connections else None

    async def run_acquired(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the reserved thread, and release the thread."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=self._count, thread_name_prefix=self._name)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(done: Future[T]) -> None:
            # When the caller is cancelled, the thread continues and becomes free only here.
            self._free.release()
            if answer.done():
                done.exception()
            elif (error := done.exception()) is not None:
                answer.set_exception(error)
            else:
                answer.set_result(done.result())

        future = self._executor.submit(self._work, work)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(settle, done))
        return await answer

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._connect()
            self._connections.append(connection)
        return work(connection)

    async def close(self) -> None:
        """Close the connections and stop the threads."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.get_running_loop().run_in_executor(None, executor.shutdown)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._of_thread = threading.local()
