"""A connection that is opened must not take the locks of those that are open: POSIX locks end with any close."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from connect_appointments.store.sqlite.connection import connect

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
else:
    print("has the lock")
"""


def test_another_connection_of_this_process_leaves_a_transaction_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    url = f"sqlite:///{path}"
    with contextlib.closing(connect(url, 1)) as writer:
        writer.execute("CREATE TABLE rows (id INTEGER)")
        writer.execute("BEGIN IMMEDIATE")
        with contextlib.closing(connect(url, 1)):
            done = subprocess.run([sys.executable, "-c", WRITE, str(path)], capture_output=True, text=True, check=True)
        assert done.stdout == "database is locked\n"
        writer.execute("ROLLBACK")


def test_a_file_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with contextlib.closing(sqlite3.connect(path)) as first:
        first.execute("CREATE TABLE rows (id INTEGER)")
    with contextlib.closing(connect(f"sqlite:///{path}", 1)) as second:
        assert second.execute("SELECT count(*) FROM rows").fetchone() == (0,)
