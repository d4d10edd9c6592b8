"""The error of a command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class CommandFailed(Exception):
    """The command failed; the argument is the reason, and the next step."""


@contextlib.contextmanager
def failing_on(error_class: type[Exception]) -> Iterator[None]:
    """Turn errors of a class into `CommandFailed` with the same message."""
    try:
        yield
    except error_class as error:
        raise CommandFailed(str(error)) from error
