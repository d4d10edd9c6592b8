"""Lists: a table, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connect_appointments.core.model import CONTROL_CHARACTERS, MAX_NUMBER, Operator, Owner, Scope, Slot

PIPED_WIDTH = 200
"""The width of a table when the output is not a terminal."""

DATABASE_HELP = (
    "CONNECT_APPOINTMENTS_DATABASE_URL is the URL of the database; CONNECT_APPOINTMENTS_DATABASE_URL_FILE names a file "
    "that has the URL. The URL of a sandbox with the folder DIR is sqlite:///DIR/sandbox.db."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
OfOwner = Annotated[str | None, typer.Option("--owner", help="List only this owner.")]
After = Annotated[int, typer.Option("--after", help="List only greater ids.", min=0, max=MAX_NUMBER)]
Limit = Annotated[int, typer.Option("--limit", help="The maximum number of rows.", min=1, max=100_000)]


def counted(count: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def scope_of(owner: str | None) -> Scope:
    """The scope of a list: one owner, or all."""
    return Operator("command line") if owner is None else Owner(owner)


def instant(moment: datetime | None) -> str | None:
    """The moment as the API writes it: UTC, whole seconds, `Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def slot_row(slot: Slot) -> dict[str, Any]:
    """A slot as the API writes it."""
    return {
        "id": slot.id,
        "slotType": slot.slot_type,
        "startTime": instant(slot.start),
        "endTime": instant(slot.end),
        "timezoneOffset": slot.timezone_offset,
    }


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, title: str | None = None) -> None:
    """Print rows that have the same keys; an empty table is `none`."""
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print(_table(rows, title) if rows else f"{title or ''} none".strip(), highlight=False)


def _table(rows: Sequence[Mapping[str, Any]], title: str | None) -> Table:
    table = Table(*rows[0], title=title, title_justify="left", box=box.SIMPLE)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> Text:
    # A Text, because rich reads [words] in a str as style. An imported value must not control the terminal.
    return Text("" if value is None else CONTROL_CHARACTERS.sub("?", str(value)))


def print_page(rows: Sequence[Mapping[str, Any]], limit: int, *, as_json: bool) -> None:
    """Print rows; after a table of `limit` rows, print the option for the next page."""
    print_rows(rows, as_json=as_json)
    if len(rows) == limit and not as_json:
        print(f"For the next page: --after {rows[-1]['id']}")


def group_of_commands(summary: str) -> typer.Typer:
    """A group of commands that use the database; `summary` is its line in the list of commands."""
    return typer.Typer(help=f"{summary}\n\n{DATABASE_HELP}", add_completion=False)
