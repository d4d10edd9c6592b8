"""What is wrong with a file."""

from __future__ import annotations

import json
from typing import NamedTuple

SHOWN_CHARACTERS = 40


class Problem(NamedTuple):
    """One thing that is wrong; `line` counts from 1, None is the file as a whole."""

    line: int | None
    text: str


class BadFile(Exception):
    """Nothing of the file can be used until its problems are put right."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def quoted(value: object) -> str:
    """A value of a file as it may be shown: short, and without what a terminal would obey."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = value if isinstance(value, str) else str(value)
    return json.dumps(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")
