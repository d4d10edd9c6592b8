"""Programs that run beside the tests, and are ended with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, Program

Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command: `start("work", env=...)`; `command` is what to run instead of the installed script."""
    started: list[Program] = []

    def begin(*arguments: str, env: Mapping[str, str] | None = None, command: tuple[str, ...] = (PROGRAM,)) -> Program:
        program = Program([*command, *arguments], env or {}, tmp_path / f"stderr-{len(started)}")
        started.append(program)
        return program

    yield begin
    for program in started:
        program.end()


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox for all tests of this process, with what its env file says."""

    folder: Path
    env_file: Path
    values: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.values["SANDBOX_URL"]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox on SQLite, on a port of its own."""
    top = tmp_path_factory.mktemp("sandbox")
    folder, env_file = top / "data of a sandbox", top / "sandbox.env"
    command = [PROGRAM, "sandbox", "--port", "0", "--data", str(folder), "--env-file", str(env_file)]
    program = Program(command, {}, top / "stderr")
    program.line_with("Ctrl-C")
    lines = env_file.read_text(encoding="utf-8").splitlines()
    yield RunningSandbox(folder, env_file, dict(line.split("=", 1) for line in lines))
    program.end()
