"""The command line: one file a command, one clear line for every error."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.core.errors import Refusal, Unavailable
from connect_appointments.settings import SettingsError

COMMANDS = {
    "sandbox": "sandbox:sandbox",
    "demo": "demo:demo",
    "serve": "serve:serve",
    "work": "work:work",
    "migrate": "schema:migrate",
    "orders": "orders:app",
    "capacity": "capacity:app",
    "requests": "requests:app",
    "verify": "verify:verify",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "token": "token:token",
}
"""Every command: its module here, and the function or the group of commands in it."""


class Commands(TyperGroup):
    """The commands, each loaded when it is asked for: `serve` never loads the sandbox, and all start sooner."""

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        return _load(cmd_name) if cmd_name in COMMANDS else None


app = typer.Typer(
    cls=Commands,
    name="connect-appointments",
    help="Appointment-requests of a network operator over HTTP: create, offer slots, book one or cancel.",
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    """Make a group of it: no command is registered here."""


def _load(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(f"connect_appointments.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        found.command(name)(function)
    command = typer.main.get_command(found)
    command.name = name
    return command


def main() -> None:
    """Run a command. Exit code: 0 done, 1 failed, 2 wrongly called or set up."""
    try:
        sys.exit(app(args=sys.argv[1:] or ["--help"], standalone_mode=False))
    except SettingsError as error:
        _fail(str(error), 2)
    except CommandFailed as error:
        _fail(str(error), 1)
    except Unavailable as error:
        _fail(f"the database cannot be used: {_reason(error.__cause__)}", 1)
    except Refusal as error:
        _fail(error.detail, 1)
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Who read our output has enough; the interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _fail_otherwise(error)
        raise


def _fail_otherwise(error: Exception) -> None:
    """End on a wrong call or a database's refusal; return when it is neither, but a bug."""
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        hint = f". See {context.command_path} --help" if context else ""
        _fail(" ".join(error.format_message().split()).rstrip(".") + hint, 2)
    if hasattr(error, "orig") or type(error).__module__.startswith("asyncpg."):
        # Only what the driver said: the whole message holds the statement with its values.
        _fail(f"the database refused: {_reason(error)}", 1)


def _reason(error: BaseException | None) -> str:
    """What the database's driver said, in one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()) or type(original).__name__


def _fail(text: str, code: int) -> NoReturn:
    for line in text.splitlines():
        print(f"connect-appointments: {line}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
