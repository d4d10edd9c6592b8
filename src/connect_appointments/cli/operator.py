"""The operator who runs a command."""

from __future__ import annotations

import getpass
import os

from connect_appointments.core.model import CONTROL_CHARACTERS, Operator


def operator() -> Operator:
    """The user who runs this command, by login name, or by number where the system knows no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Operator(f"operator:{CONTROL_CHARACTERS.sub('?', name)}")
