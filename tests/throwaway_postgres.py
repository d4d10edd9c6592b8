"""A real PostgreSQL of one's own: brought up in a temporary folder, stopped and removed at the end.

`python -m tests.throwaway_postgres COMMAND ARG...` runs COMMAND with `{url}` in its arguments replaced by the URL of a
fresh, empty database.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgres_binaries import find_binaries, reachable
from tests.postgres_processes import Keeper, kept_folder, run_program, start_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUPERUSER = "postgres"
DATABASE = "connect"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
# Another process was quicker with the port; the backends of a killed server have not noticed its death yet.
PASSING_TROUBLES = ("Address already in use", "pre-existing shared memory block")
ALWAYS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200"}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def free_port() -> int:
    """Pick a port of 127.0.0.1 that nobody listens on, below the range that the system hands out by itself."""
    # Not the global generator: test tools seed it, and then every process picks the same port.
    choice = random.SystemRandom()
    while True:
        port = choice.randrange(20_000, 32_768)
        with socket.socket() as probe:
            if _can_bind(probe, port):
                return port


class Server:
    """One PostgreSQL cluster in `folder`, and its server process while it runs."""

    def __init__(self, folder: Path, binaries: Path, keeper: Keeper) -> None:
        """`folder` belongs to the server's user; `binaries` holds the programs; `keeper` learns each pid."""
        self.folder = folder
        self.binaries = binaries
        self.port = free_port()
        self.log_file = folder / "server.log"
        self._data = folder / "data"
        self._keeper = keeper
        self._process: subprocess.Popen[bytes] | None = None
        self._port_is_known = False
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The process id of the running postmaster; raises RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def url(self, database: str) -> str:
        """`postgresql://user@127.0.0.1:port/database`, the same after every restart."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def initialise(self, *, settings: Mapping[str, str], databases: Sequence[str], sync: bool) -> None:
        """Make the cluster, with `settings` in its configuration file and `databases` in it, empty."""
        arguments = ["-D", str(self._data), f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        self._run("initdb", *arguments, *([] if sync else ["--no-sync"]))
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {_quoted(value)}\n" for name, value in settings.items())
        for database in databases:
            # The server's own single-user mode, because psql and createdb are not always beside it.
            single = ["--single", "-D", str(self._data), "-c", "exit_on_error=true", "postgres"]
            self._run("postgres", *single, text=f'CREATE DATABASE "{database}"\n')

    def start(self) -> None:
        """Start the server and return once it accepts connections; raises RuntimeError with the end of its log."""
        give_up = time.monotonic() + START_SECONDS
        while not self._launch(give_up):
            self.kill()
            if time.monotonic() > give_up or not any(trouble in self._log() for trouble in PASSING_TROUBLES):
                raise RuntimeError(f"PostgreSQL did not start. The end of its log:\n{self._log()[-2000:]}")
            if not self._port_is_known:
                self.port = free_port()
            time.sleep(POLL_SECONDS)
        self._port_is_known = True

    def stop(self) -> None:
        """End the server in order: connections are broken off, a checkpoint is written. Nothing when it is stopped."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL the postmaster, as a crash would; the next start recovers. Nothing when it is stopped."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server if it runs, and start it again on the same port."""
        self.stop()
        self.start()

    def _launch(self, give_up: float) -> bool:
        with self.log_file.open("ab") as log:
            self._log_start = log.tell()
            command = [str(self.binaries / "postgres"), "-D", str(self._data), "-p", str(self.port)]
            self._process = start_program(command, folder=self.folder, output=log)
        self._keeper.watch(self._process.pid)
        while self._process.poll() is None and time.monotonic() < give_up:
            if self._is_ready(self._process.pid):
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return False
        # A killed server leaves its file behind, so the pid counts; pg_ctl reads the same eighth line.
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _end(self, first_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(first_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._keeper.watch(None)
        self._process = None

    def _log(self) -> str:
        return self.log_file.read_bytes()[self._log_start :].decode("utf-8", "replace")

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        run_program([str(self.binaries / program), *arguments], folder=self.folder, text=text)


@contextmanager
def running_postgres(
    *,
    durable: bool = False,
    options: Mapping[str, str] | None = None,
    databases: Sequence[str] = (),
    binaries: Path | None = None,
) -> Iterator[Server]:
    """Bring up a PostgreSQL, UTF-8 and locale C, on a port of 127.0.0.1, and remove it all at the end.

    `durable` keeps fsync on; `options` are configuration settings that win over the ones made here; `databases` are
    made empty; `binaries` is the programs' folder, None finds it. Raises RuntimeError when it does not start.
    """
    settings = ALWAYS | ({} if durable else NOT_DURABLE) | dict(options or {})
    with kept_folder() as (folder, keeper):
        programs = reachable(binaries or find_binaries(), folder)
        server = Server(folder, programs, keeper)
        server.initialise(settings=settings, databases=databases, sync=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def run_command(command: Sequence[str]) -> int:
    """Run `command` with `{url}` replaced, pass SIGINT, SIGTERM and SIGHUP on to it, and return its exit code."""
    pending: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def forward(number: int, _frame: object) -> None:
        if child is None:
            pending.append(number)
        else:
            child.send_signal(number)

    for passed_on in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(passed_on, forward)
    with running_postgres(databases=[DATABASE]) as server:
        if pending:
            return 128 + pending[0]
        arguments = [argument.replace("{url}", server.url(DATABASE)) for argument in command]
        # A session of its own, or Ctrl-C would reach it twice: once from the terminal, once from here.
        child = subprocess.Popen(arguments, start_new_session=True)
        for number in pending:
            child.send_signal(number)
        code = child.wait()
    return code if code >= 0 else 128 - code


def _quoted(value: str) -> str:
    doubled = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _can_bind(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: python -m tests.throwaway_postgres COMMAND ARG...")
    sys.exit(run_command(sys.argv[1:]))
