"""The operator as the author of a change."""

from __future__ import annotations

import getpass
import os

from connect_appointments.core.model import CONTROL_CHARACTERS, Operator


def operator() -> Operator:
    """The user of this command: the login name, or the user id where the system has no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Operator(f"operator:{CONTROL_CHARACTERS.sub('?', name)}")
