"""Processes and folders of the user that PostgreSQL runs as, which end with the process that made them."""

from __future__ import annotations

import functools
import os
import pwd
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# It reads the server's pid from its standard input, where an empty line says that none runs, until that is closed.
KEEPER_SCRIPT = """
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then kill -QUIT "$pid"; fi
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -rf "$0" && exit 0
    sleep 0.5
done
exit 1
"""


class Keeper:
    """A shell that ends the server and removes its folder when this process ends, even by SIGKILL."""

    def __init__(self, folder: Path) -> None:
        command = ["/bin/sh", "-c", KEEPER_SCRIPT, str(folder)]
        nowhere = subprocess.DEVNULL
        self._shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, text=True, start_new_session=True
        )

    def watch(self, pid: int | None) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{pid or ''}\n")
        self._shell.stdin.flush()

    def close(self) -> None:
        self._shell.communicate()


@contextmanager
def kept_folder() -> Iterator[tuple[Path, Keeper]]:
    # Not pytest's tmp_path: the folders above that one may be closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="connect-postgres-", dir="/tmp"))
    keeper = Keeper(folder)
    try:
        give(folder)
        yield folder, keeper
    finally:
        keeper.close()


@functools.cache
def _account() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL runs as, which refuses to be root; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def identity() -> dict[str, Any]:
    account = _account()
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def give(path: Path) -> None:
    account = _account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def environment() -> dict[str, str]:
    # English messages, and no PGDATA or PGPORT of somebody's own server.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def start_program(command: Sequence[str], *, folder: Path, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    # A session of its own, so that Ctrl-C in a terminal does not end the server before those who use it.
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if output == subprocess.PIPE else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(),
        start_new_session=True,
        **identity(),
    )


def run_program(command: Sequence[str], *, folder: Path, text: str = "") -> str:
    with start_program(command, folder=folder, output=subprocess.PIPE) as process:
        output = process.communicate(text.encode())[0].decode("utf-8", "replace")
    if process.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed with {process.returncode}:\n{output[-2000:]}")
    return output
