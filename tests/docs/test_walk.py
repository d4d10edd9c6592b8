"""The five minutes of the README, line by line, in a shell against a sandbox of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Start
from tests.cli.program import environment
from tests.docs.pages import ROOT, Block, blocks
from tests.throwaway_postgres import free_port

STEPS = ("Five minutes with the sandbox", "Create", "Poll", "Book", "Cancel")
DOCUMENTED_PORT = 8080
MARK = "the-command-has-ended"
POLL_SECONDS = 60


class Response(NamedTuple):
    """An HTTP response as the README shows it, or as curl prints it."""

    status: str
    headers: list[str]
    body: str


def response_of(text: str) -> Response:
    head, _, body = text.replace("\r\n", "\n").strip().partition("\n\n")
    status, *headers = head.splitlines()
    return Response(status, headers, body)


class Shell:
    """A shell that runs one block after another, and keeps its variables."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def run(self, commands: str) -> str:
        """The output of the last command; an assertion fails when it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(f"{commands}\necho; echo {MARK} $?", file=self._process.stdin, flush=True)
        output = ""
        for line in self._process.stdout:
            if line.startswith(MARK):
                assert line == f"{MARK} 0\n", commands
                return output[output.rfind("HTTP/1.1 ") :] if "HTTP/1.1 " in output else output
            output += line
        raise AssertionError(f"the shell ended at {commands}")

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def of_the_walk() -> list[Block]:
    return [block for block in blocks("README.md") if block.heading in STEPS and block.language in {"sh", "http"}]


@pytest.fixture
def port(start: Start, tmp_path: Path) -> int:
    """Where a sandbox serves that was started as `make sandbox` does, in an empty folder."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    number = free_port()
    command = ["make", "-n", "--no-print-directory", "-o", ".venv/ready", "sandbox", f"SANDBOX=--port {number}"]
    recipe = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    start(command=("sh", "-c", f"cd {tmp_path} && exec {recipe.strip()}")).line_with("Ctrl-C")
    return number


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    found = Shell(tmp_path)
    yield found
    found.end()


def test_each_response_of_the_walk_is_the_one_that_the_readme_shows(port: int, shell: Shell) -> None:
    steps = of_the_walk()
    assert steps[0].text == "make sandbox\n"
    compared = 0
    for step, following in pairwise([*steps[1:], Block("README.md", "", "sh", "")]):
        if step.language == "http":
            continue
        commands = step.text.replace(str(DOCUMENTED_PORT), str(port))
        shown = following.text.replace(str(DOCUMENTED_PORT), str(port)) if following.language == "http" else ""
        output = settled(shell, commands)
        if shown:
            compare(response_of(shown), response_of(output))
            compared += 1
    assert compared == sum(step.language == "http" for step in steps) == 8


def settled(shell: Shell, commands: str) -> str:
    """The output of the commands, once the response is no longer a 202."""
    give_up = time.monotonic() + POLL_SECONDS
    output = shell.run(commands)
    while output.startswith("HTTP/1.1 202 ") and time.monotonic() < give_up:
        time.sleep(0.1)
        output = shell.run(commands)
    return output


def compare(shown: Response, real: Response) -> None:
    """Fail unless the real response has the shown status, headers and beginning of the body."""
    assert real.status == shown.status
    assert set(shown.headers) <= set(real.headers)
    assert re.fullmatch(".*".join(map(re.escape, shown.body.split("…"))), real.body), real.body
    if real.body:
        json.loads(real.body)
