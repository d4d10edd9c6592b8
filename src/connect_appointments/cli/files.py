"""Import files: read and checked, with an error for each bad line."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.importing.lines import Form, form_of
from connect_appointments.cli.importing.problems import BadFile
from connect_appointments.cli.listing import counted

T = TypeVar("T")

STANDARD_INPUT = "-"

ImportFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="CSV with a header (.csv) or JSON lines (.jsonl, .ndjson); - is standard input."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file; import nothing.")]


def read_file(name: str, read: Callable[[bytes, Form], list[T]]) -> list[T]:
    """The rows that `read` makes of a file. Raises `CommandFailed` with every bad line."""
    content = _content(name)
    try:
        return read(content, form_of(name, content))
    except BadFile as error:
        shown = "standard input" if name == STANDARD_INPUT else name
        lines = [f"{shown}:{line} {text}" if line else f"{shown} {text}" for line, text in error.problems]
        raise CommandFailed("\n".join([*lines, f"nothing of {shown} was imported"])) from error


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{name} cannot be read: {error.strerror}") from error


def print_checked(count: int, noun: str, *, as_json: bool) -> None:
    """Print the result of a dry run."""
    print(
        json.dumps({"imported": 0, "checked": count})
        if as_json
        else f"{counted(count, noun)} checked; nothing was imported"
    )


@contextlib.contextmanager
def progress(title: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on the standard error of a terminal; yields a function that takes the number of done rows."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
