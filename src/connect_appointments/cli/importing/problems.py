"""The problems of a file."""

from __future__ import annotations

import json
from typing import NamedTuple

SHOWN_CHARACTERS = 40


class Problem(NamedTuple):
    """One problem; `line` counts from 1, None is the whole file."""

    line: int | None
    text: str


class BadFile(Exception):
    """The file has problems; the command imports nothing of it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def quoted(value: object) -> str:
    """A value of a file for a message: short, and without terminal codes."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = str(value)
    return json.dumps(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")
