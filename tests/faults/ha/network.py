"""A port of this machine that swallows what is sent to it, by a firewall rule of our own."""

from __future__ import annotations

import os
import subprocess

from ..trial import CannotBeDoneError, program

TABLE = f"connect_faults_{os.getpid()}"
RULES = """
table inet {table} {{
    chain swallow {{
        type filter hook input priority 0;
        iif lo tcp dport {port} drop
        iif lo tcp sport {port} drop
    }}
}}
"""


def drop(port: int) -> None:
    """Let nothing through to a port of the loopback and back; raises CannotBeDoneError where that is not allowed."""
    _nft("-f", "-", text=RULES.format(table=TABLE, port=port))


def restore() -> None:
    """Let everything through again."""
    _nft("delete", "table", "inet", TABLE)


def _nft(*arguments: str, text: str = "") -> None:
    command = [program("nft", "nftables"), *arguments]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise CannotBeDoneError(f"nft does not do it (it needs root): {done.stderr.strip()}")
