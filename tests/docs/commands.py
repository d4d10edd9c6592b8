"""The commands that the pages mention, in their shell blocks and in their prose."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from connect_appointments.cli.main import COMMANDS
from tests.docs.pages import ROOT, blocks, pages, prose

GROUPS = {name for name, where in COMMANDS.items() if where.endswith(":app")}
PROGRAM = "connect-appointments"
VARIABLES = {
    "ATTACKS": "make attacks",
    "BENCH": "make bench",
    "FAULTS": "make faults",
    "FAULTS_HA": "make faults-ha",
    "JUDGES": "make judges",
    "SANDBOX": "make sandbox",
    "TESTS": "make test",
}
"""The target that each variable of the Makefile is for."""

_IN_A_BLOCK = re.compile(rf"(?:^|[\s(/])({PROGRAM} [a-z]|make(?: [a-z]|$)|python -m )[^)|;#\n]*", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")


class Mention(NamedTuple):
    """A command on a page: its words, from the name of the program on."""

    page: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The command without its options and arguments: `make test`, `connect-appointments orders import`."""
        program, *rest = self.words
        if program == "python":
            return " ".join(self.words[:3])
        return " ".join([program, *rest[: 2 if rest[:1] and rest[0] in GROUPS else 1]])

    @property
    def options(self) -> list[str]:
        """The options in its words, in the values of variables too."""
        values = (word.partition("=")[2] if re.match("[A-Z_]+=", word) else word for word in self.words)
        return [part.partition("=")[0] for value in values for part in value.split() if part.startswith("--")]


def mentions() -> Iterator[Mention]:
    """Every command of every page."""
    for page in pages():
        for words in (*_of_blocks(page), *_of_spans(page)):
            yield Mention(page, words)


def _of_blocks(page: str) -> Iterator[tuple[str, ...]]:
    for block in blocks(page):
        if block.language == "sh":
            text = block.text.replace("\\\n", " ")
            found = (match[0].strip(" \t\n(/") for match in _IN_A_BLOCK.finditer(text))
            yield from (tuple(shlex.split(line.replace('"', ""))) for line in found)


def _of_spans(page: str) -> Iterator[tuple[str, ...]]:
    """What prose has in backticks; `orders import` is short for `connect-appointments orders import`."""
    for span in _SPAN.findall(prose(page)):
        first, *rest = span.split()
        if (first in {PROGRAM, "make"}) or span.startswith("python -m "):
            yield tuple(shlex.split(span))
        elif first in COMMANDS and rest:
            yield (PROGRAM, *shlex.split(span))
        elif (variable := span.partition("=")[0]) in VARIABLES and "=" in span:
            yield (*VARIABLES[variable].split(), *shlex.split(span))


def loose_options() -> Iterator[tuple[str, str]]:
    """The page and the name of each option that prose has in backticks by itself."""
    for page in pages():
        for span in _SPAN.findall(prose(page)):
            if span.startswith("--"):
                yield page, span.split()[0]


def makefile() -> str:
    """The Makefile."""
    return (ROOT / "Makefile").read_text(encoding="utf-8")
