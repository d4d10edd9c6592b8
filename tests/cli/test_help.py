"""Every command explains itself, and says in one line what is wrong with a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from connect_appointments.cli.main import COMMANDS, app
from tests.cli.program import invoke, run

WIDE = {"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1"}


def every_command(group: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """Each command by its words, groups among them."""
    for name in group.list_commands(None):
        words = (*above, name)
        yield words
        found = group.get_command(None, name)
        if hasattr(found, "list_commands"):
            yield from every_command(found, *words)


def command_of(words: tuple[str, ...]) -> Any:
    found: Any = typer.main.get_command(app)
    for word in words:
        found = found.get_command(None, word)
    return found


ALL = list(every_command(typer.main.get_command(app)))


def test_the_commands_are_those_that_are_promised() -> None:
    promised = {
        ("orders", "import"),
        ("orders", "list"),
        ("orders", "show"),
        ("capacity", "import"),
        ("capacity", "list"),
    }
    promised |= {("requests", "list"), ("requests", "show"), ("requests", "cancel"), ("requests", "retry")}
    promised |= {("contacts", "erase")}
    promised |= {("appointments", name) for name in ("list", "show", "cancel", "record", "retry")}
    promised |= {(name,) for name in ("sandbox", "demo", "serve", "work", "migrate", "token", *COMMANDS)}
    assert promised == set(ALL)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_lists_every_option_with_what_it_does(words: tuple[str, ...]) -> None:
    done = invoke(*words, "--help", env=WIDE)
    assert done.exit_code == 0
    for parameter in command_of(words).params:
        assert parameter.help, f"{parameter.name} is not explained"
        assert parameter.help.split()[0] in done.output
        assert all(option in done.output for option in (*parameter.opts, *parameter.secondary_opts) if "-" in option)


def test_help_of_the_groups_says_where_a_sandbox_has_its_database() -> None:
    for group in ("orders", "capacity", "requests", "contacts", "appointments"):
        assert "sqlite:///DIR/sandbox.db" in invoke(group, "--help", env=WIDE).output


def test_without_a_command_there_is_help() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in COMMANDS)


def test_a_wrong_call_is_said_in_one_line() -> None:
    done = run("requests", "list", "--state", "lost")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("connect-appointments: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("See connect-appointments requests list --help\n")


@pytest.mark.parametrize(
    "call",
    [
        "nonsense",
        "orders",
        "orders nonsense",
        "orders import",
        "orders list --limit 0",
        "orders list --after -1",
        "capacity list --from tomorrow",
        "contacts erase",
        "contacts erase --order 0",
        "requests show",
        "requests show x",
        "requests cancel 0",
        f"requests cancel {2**53}",
        "sandbox --port 65536",
        "serve --processes 0",
        "migrate --nonsense",
        "demo --nonsense",
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_done(call: str) -> None:
    assert invoke(*call.split()).exit_code == 2
