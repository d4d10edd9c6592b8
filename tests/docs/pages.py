"""The documentation as text, and what its tests read in it: tables, blocks, tracked files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DEVELOPMENT = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page: the heading above it, its language, and its text."""

    page: str
    heading: str
    language: str
    text: str


def table_under(heading: str, text: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def pages() -> list[str]:
    """The README and every page of docs."""
    return [name for name in tracked(".md") if name == "README.md" or name.startswith("docs/")]


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(_without_blocks(text))]
    for found in _BLOCK.finditer(text):
        above = [heading for start, heading in headings if start < found.start()]
        yield Block(page, above[-1] if above else "", found[1], found[2])


def prose(page: str) -> str:
    """The text of a page outside of its fenced blocks."""
    return _without_blocks((ROOT / page).read_text(encoding="utf-8"))


def _without_blocks(text: str) -> str:
    """The text with each block blanked, so that positions stay."""
    return _BLOCK.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def tracked(ending: str = "") -> list[str]:
    """The files that git tracks and that exist."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in found.splitlines() if name.endswith(ending) and (ROOT / name).exists()]
