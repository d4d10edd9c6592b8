"""The servers under measurement: how each is started, and how its database is migrated."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import probe
from bench.processes import started
from bench.rows import Store
from bench.tokens import ISSUER, Tokens
from tests.throwaway_postgres import free_port

RAW = "raw ASGI"
RAW_SERVICE = "raw ASGI on the service's server"
SERVICE = "service, PostgreSQL"
SERVICE_2 = "service, PostgreSQL, 2 processes"
SERVICE_SQLITE = "service, SQLite"
SERVICE_FAR = "service, PostgreSQL 1 ms away"
DEFAULT = "default stack"
DEFAULT_2 = "default stack, 2 processes"
PGBENCH = "pgbench, one row a commit"
VERIFY = "RS256 verification alone"

PROCESSES_OPTION = "--processes"
"""The option of `connect-appointments serve` that starts more than one process."""


@dataclass(frozen=True)
class Served:
    """A server that answers. `store` is None where nothing is stored.

    start_seconds: from the start of the process to its first 204.
    """

    name: str
    port: int
    pid: int
    store: Store | None
    start_seconds: float


def own_program() -> Path:
    """`connect-appointments` of this checkout."""
    return Path(sys.executable).with_name("connect-appointments")


@dataclass(frozen=True)
class Launcher:
    """Starts servers. Logs go to `folder`; `program` is the `connect-appointments` that is measured."""

    folder: Path
    tokens: Tokens
    program: Path

    @contextlib.contextmanager
    def service(self, name: str, store: Store, url: str, *, processes: int = 1) -> Iterator[Served]:
        """`connect-appointments serve`, with its background worker, as an operator would run it."""
        port = free_port()
        settings = {
            "DATABASE_URL": url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "ISSUER": ISSUER,
            "JWKS_FILE": str(self.tokens.jwks_file),
            "AUDIENCE": "any",
            "LISTEN_PORT": str(port),
            "DRAIN_SECONDS": "0",
            "LOG_LEVEL": "warning",
        }
        more = [] if processes == 1 else [PROCESSES_OPTION, str(processes)]
        with self._served(name, [str(self.program), "serve", *more], _prefixed(settings), port, store) as served:
            yield served

    def migrate_service(self, url: str) -> None:
        """Make the tables of the measured program."""
        self._run([str(self.program), "migrate"], _prefixed({"DATABASE_URL": url}))

    @contextlib.contextmanager
    def default_stack(self, name: str, store: Store, url: str, *, processes: int = 1) -> Iterator[Served]:
        """FastAPI, SQLAlchemy's ORM and PyJWT."""
        port = free_port()
        environment = {"DATABASE_URL": url, "JWKS_FILE": str(self.tokens.jwks_file), "ISSUER": ISSUER}
        command = [sys.executable, "-m", "bench.peers.default_stack", str(port), str(processes)]
        with self._served(name, command, environment, port, store) as served:
            yield served

    def migrate_default_stack(self, url: str) -> None:
        """Make the tables of the default stack."""
        self._run([sys.executable, "-m", "bench.peers.default_stack", "migrate"], {"DATABASE_URL": url})

    @contextlib.contextmanager
    def raw(self, name: str) -> Iterator[Served]:
        """An HTTP server with nothing behind it: plain uvicorn, or for RAW_SERVICE the service's own."""
        port = free_port()
        kind = "service" if name == RAW_SERVICE else "uvicorn"
        with self._served(name, [sys.executable, "-m", "bench.peers.raw", str(port), kind], {}, port, None) as served:
            yield served

    @contextlib.contextmanager
    def _served(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], port: int, store: Store | None
    ) -> Iterator[Served]:
        log = self.folder / f"{port}.log"
        before = time.monotonic()
        with started(command, self.environment(environment), log) as process:
            try:
                seconds = probe.first_answer(port, self.tokens.one) - before
                if store is not None:
                    probe.check_refusals(port, self.tokens.one)
            except (OSError, AssertionError) as error:
                end = log.read_text("utf-8", "replace")[-1000:]
                raise RuntimeError(f"{name} does not answer correctly: {error}\n{end}") from error
            yield Served(name, port, process.pid, store, seconds)

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        done = subprocess.run(
            command, env=self.environment(environment), capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {(done.stderr or done.stdout)[-1000:]}")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process: no settings but those given."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_APPOINTMENTS_")}
        return {**kept, **more}


def _prefixed(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"CONNECT_APPOINTMENTS_{name}": value for name, value in settings.items()}
