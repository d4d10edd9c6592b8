"""The command line: one file a command, one clear line for every error."""

from __future__ import annotations

import sys

import typer

from connect_appointments.commands import demo, sandbox, schema, serve, token, work
from connect_appointments.commands.failing import CommandFailed
from connect_appointments.core.errors import Refusal
from connect_appointments.sandbox.keys import KeysError
from connect_appointments.settings import SettingsError

app = typer.Typer(
    name="connect-appointments",
    help="Appointment-requests of a network operator over HTTP: create, offer slots, book one or cancel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("sandbox")(sandbox.sandbox)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("work")(work.work)
app.command("migrate")(schema.migrate)
app.command("token")(token.token)


def main() -> None:
    """Run a command. Exit code: 0 done, 1 failed, 2 wrongly called or set up."""
    try:
        app()
    except SettingsError as error:
        _fail(str(error), 2)
    except (CommandFailed, KeysError) as error:
        _fail(str(error), 1)
    except Refusal as error:
        _fail(f"{error.detail} ({error.__cause__})" if error.__cause__ else error.detail, 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(text: str, code: int) -> None:
    for line in text.splitlines():
        print(f"connect-appointments: {line}", file=sys.stderr)
    sys.exit(code)
