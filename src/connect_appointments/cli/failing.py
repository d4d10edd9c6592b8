"""The error of a command."""

from __future__ import annotations


class CommandFailed(Exception):
    """The command failed; the argument is the reason, and the next step."""
