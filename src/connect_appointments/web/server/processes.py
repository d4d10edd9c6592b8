"""Several processes that serve one address: started, supervised, restarted after a crash, stopped together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

SHORT_LIFE_SECONDS = 5
MAX_SHORT_LIVES = 5
"""Limit of consecutive early exits: more of them mean that the environment is broken."""
RESTART_SECONDS = 0.5


def run_processes(count: int, run: Callable[[], None]) -> int:
    """Run `run` in `count` child processes until SIGTERM or Ctrl-C, and return the exit code.

    Call it before any thread or event loop is started. A process that exits is replaced, up to the limit of early
    exits.
    """
    supervisor = Supervisor(run)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    for _ in range(count):
        supervisor.start_one()
    return supervisor.watch()


class Supervisor:
    """The child processes, by pid, with their start times."""

    def __init__(self, run: Callable[[], None]) -> None:
        """`run` returns when its process is asked to stop, and raises or exits on a fatal error."""
        self._run = run
        self._born: dict[int, float] = {}
        self._short_lives = 0
        self._stopping = False
        self._code = 0
        self._read_end, self._write_end = os.pipe()

    def start_one(self) -> None:
        """Start another process."""
        pid = os.fork()
        if pid == 0:
            os.close(self._write_end)
            threading.Thread(target=_end_with_parent, args=[self._read_end], daemon=True).start()
            _become(self._run)
        self._born[pid] = time.monotonic()

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Ask all processes to stop."""
        self._stopping = True
        for pid in self._born:
            os.kill(pid, signal.SIGTERM)

    def watch(self) -> int:
        """Wait until all processes have exited; return the first non-zero exit code, or 0."""
        while self._born:
            pid, status = os.waitpid(-1, 0)
            age = time.monotonic() - self._born.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                self._code = self._code or abs(code)
            else:
                self._replace(pid, code, age)
        return self._code

    def _replace(self, pid: int, code: int, age: float) -> None:
        self._short_lives = self._short_lives + 1 if age < SHORT_LIFE_SECONDS else 0
        log.error("process-died", pid=pid, exit_code=code)
        if self._short_lives > MAX_SHORT_LIVES:
            self._code = abs(code) or 1
            self.stop(signal.SIGTERM, None)
            return
        time.sleep(RESTART_SECONDS)
        if not self._stopping:
            self.start_one()


def _end_with_parent(read_end: int) -> None:
    """Stop this process when its parent exits for any reason: the kernel closes the parent's end of the pipe."""
    os.read(read_end, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _become(run: Callable[[], None]) -> None:
    """Run the child process: never return to the code that forked it."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        run()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - every error ends the child process, with one line
        print(f"connect-appointments: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
