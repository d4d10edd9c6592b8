"""How a command fails."""

from __future__ import annotations


class CommandFailed(Exception):
    """The command could not do what it was asked; the argument says why, and what to do."""
