"""The program itself, as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from typer.testing import CliRunner, Result

from connect_appointments.cli.main import app
from connect_appointments.settings import PREFIX
from tests.build import ISSUER, Issuer

PROGRAM = str(Path(sys.executable).with_name("connect-appointments"))
PATIENCE_SECONDS = 90


def settings(**values: object) -> dict[str, str]:
    """Environment variables: `settings(database_url="...")`."""
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def settings_to_serve(database_url: str, issuer: Issuer, folder: Path, **more: object) -> dict[str, str]:
    """The settings of a server on any free port that accepts every token of the issuer."""
    keys = folder / "jwks.json"
    keys.write_text(json.dumps({"keys": issuer.jwks()}), encoding="utf-8")
    return settings(
        database_url=database_url,
        public_url="https://connect.test",
        issuer=ISSUER,
        jwks_file=keys,
        audience="any",
        listen_port=0,
        drain_seconds=0,
        **more,
    )


def environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, **given}


def run(*arguments: str, env: Mapping[str, str] | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `text` is its standard input."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env=environment(env or {}),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def invoke(*arguments: str, env: Mapping[str, str] | None = None, text: str = "") -> Result:
    """The same in this process, and sooner; what `main` would say in one line is the result's `exception`."""
    return CliRunner().invoke(app, arguments, input=text, env=dict(env or {}))


class Program:
    """A command that runs until it is told to stop."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], errors: Path) -> None:
        self.errors = errors
        with errors.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                env=environment(env),
                stdout=subprocess.PIPE,
                stderr=file,
                encoding="utf-8",
            )

    def line_with(self, text: str) -> str:
        """The next line of its output that holds the text; an assertion fails when it ends without."""
        guard = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        guard.start()
        try:
            for line in self._output:
                if text in line:
                    return line
        finally:
            guard.cancel()
        raise AssertionError(f"it ended with {self._process.wait()} and said {self.errors.read_text()}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal; return the exit code."""
        self._process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """The exit code, once there is one."""
        self._output.close()
        return self._process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self.ended()
