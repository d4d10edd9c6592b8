"""The servers under measurement: how each is started."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import probe
from bench.processes import started
from bench.rows import Store
from bench.tokens import ISSUER, Tokens
from tests.throwaway_postgres import free_port

RAW = "raw ASGI"
RAW_OURS = "raw ASGI on our server"
OURS = "ours, PostgreSQL"
OURS_2 = "ours, PostgreSQL, 2 workers"
OURS_SQLITE = "ours, SQLite"
OURS_FAR = "ours, PostgreSQL 1 ms away"
DEFAULT = "default stack"
DEFAULT_2 = "default stack, 2 workers"
PGBENCH = "pgbench, one row a commit"
PGBENCH_ONE = "pgbench, our batch of one"
PGBENCH_BATCH = "pgbench, our batch of 64"
VERIFY = "RS256 verification alone"


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


@dataclass(frozen=True)
class Launcher:
    """Starts servers. Logs go to `folder`."""

    folder: Path
    tokens: Tokens

    @contextlib.contextmanager
    def ours(self, name: str, store: Store, url: str, *, workers: int = 1) -> Iterator[Served]:
        """`connect-appointments serve`, with its background worker, as an operator would run it."""
        program = str(Path(sys.executable).with_name("connect-appointments"))
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
        environment = {f"CONNECT_APPOINTMENTS_{key}": value for key, value in settings.items()}
        command = [program, "serve", *([] if workers == 1 else ["--processes", str(workers)])]
        with self._served(name, command, environment, port, store) as served:
            yield served

    @contextlib.contextmanager
    def default_stack(self, name: str, store: Store, url: str, *, workers: int = 1) -> Iterator[Served]:
        """The peer that most would write."""
        port = free_port()
        environment = {"DATABASE_URL": url, "JWKS_FILE": str(self.tokens.jwks_file), "ISSUER": ISSUER}
        command = [sys.executable, "-m", "bench.peers.default_stack", str(port), str(workers)]
        with self._served(name, command, environment, port, store) as served:
            yield served

    @contextlib.contextmanager
    def raw(self, name: str = RAW) -> Iterator[Served]:
        """An HTTP server with nothing behind it: plain uvicorn, or as RAW_OURS the service's own."""
        port = free_port()
        command = [sys.executable, "-m", "bench.peers.raw", str(port), "ours" if name == RAW_OURS else "uvicorn"]
        with self._served(name, command, {}, port, None) as served:
            yield served

    @contextlib.contextmanager
    def _served(
        self, name: str, command: list[str], environment: Mapping[str, str], port: int, store: Store | None
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
                raise RuntimeError(f"{name} does not answer as it must: {error}\n{end}") from error
            yield Served(name, port, process.pid, store, seconds)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process: no settings but those given."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_APPOINTMENTS_")}
        return {**kept, **more}
