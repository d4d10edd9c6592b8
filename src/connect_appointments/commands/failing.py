"""How a command fails."""

from __future__ import annotations


class CommandFailed(Exception):  # noqa: N818 - what it says to the user
    """The command could not do what it was asked; the argument says why, and what to do."""
