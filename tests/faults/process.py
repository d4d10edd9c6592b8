"""A process of the service as its operator runs it: a command, settings in the environment, signals."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

START_SECONDS = 60.0
END_SECONDS = 60.0


async def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; whether it came to be in time."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            return False
        await asyncio.sleep(0.02)
    return True


class Process:
    """One command that is started again as often as it has ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, ready: str) -> None:
        """Start nothing yet.

        log: where it says what it has to say, added to at every start.
        ready: how the line begins that it prints once it can work.
        """
        self._command = command
        self._environment = environment
        self._log = log
        self._ready = ready.encode()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id; raises RuntimeError while it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self._command} is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start it and return once it is ready; raises RuntimeError with the end of its log."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout
        async with asyncio.timeout(START_SECONDS):
            line = await self._process.stdout.readline()
        if not line.startswith(self._ready):
            await self.kill()
            raise RuntimeError(f"{' '.join(self._command)} did not start:\n{self.said()[-2000:]}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, at once."""
        assert self._process
        self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL, as a crash would; nothing when it does not run."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self.ended()

    async def stop(self) -> int:
        """SIGTERM, and the exit code; it is killed when it does not end."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_SECONDS):
                return await self.ended()
        except TimeoutError:
            await self.kill()
            raise

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process
        code = await self._process.wait()
        self._process = None
        return code

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    def said(self) -> str:
        """All it has logged."""
        return self._log.read_text("utf-8", "replace")
