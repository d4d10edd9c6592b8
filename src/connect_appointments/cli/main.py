"""The command line: one file per command, one clear line per error."""

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
    "appointments": "appointments.commands:app",
    "contacts": "contacts:app",
    "verify": "verify:verify",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "token": "token:token",
}
"""Every command: its module here, and the function or the group of commands in it."""


class Commands(TyperGroup):
    """The commands. A module is imported when its command runs: `serve` never imports the sandbox."""

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        return _load(cmd_name) if cmd_name in COMMANDS else None


app = typer.Typer(
    cls=Commands,
    name="connect-appointments",
    help="The HTTP API of a network operator for appointment-requests: create, poll for slots, book a slot or cancel.",
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    """Make the application a group of commands; `Commands` finds them."""


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
    """Run a command. Exit code: 0 is success, 1 is failure, 2 is a wrong call or a wrong setting."""
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
        # The reader of the output closed the pipe; the interpreter must not write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _fail_otherwise(error)
        raise


def _fail_otherwise(error: Exception) -> None:
    """Exit after a wrong call or an error of the database; return when the error is a bug."""
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        hint = f". See {context.command_path} --help" if context else ""
        _fail(" ".join(error.format_message().split()).rstrip(".") + hint, 2)
    if hasattr(error, "orig") or type(error).__module__.startswith("asyncpg."):
        # Only the driver's message: the whole message has the statement with its values.
        _fail(f"the database refused: {_reason(error)}", 1)


def _reason(error: BaseException | None) -> str:
    """The message of the database's driver, in one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()) or type(original).__name__


def _fail(text: str, code: int) -> NoReturn:
    for line in text.splitlines():
        print(f"connect-appointments: {line}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
