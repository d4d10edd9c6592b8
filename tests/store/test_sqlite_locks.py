"""A connection that is opened must not take the locks of those that are open: POSIX locks end with any close."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from connect_appointments.store.sqlite.connection import connect

READ_AND_CLOSE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM rows").fetchone()[0])
connection.close()
"""


def test_another_process_does_not_take_itself_for_the_last_that_has_the_file_open(tmp_path: Path) -> None:
    """The last one to close a database deletes its log, under the feet of a process whose locks are gone."""
    path = tmp_path / "test.db"
    url = f"sqlite:///{path}"
    log = path.with_name("test.db-wal")
    with contextlib.closing(connect(url, 1)) as first:
        first.execute("CREATE TABLE rows (id INTEGER)")
        with contextlib.closing(connect(url, 1)) as second:
            second.execute("INSERT INTO rows VALUES (1)")
            command = [sys.executable, "-c", READ_AND_CLOSE, str(path)]
            assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
            assert log.exists()
            second.execute("INSERT INTO rows VALUES (2)")
        assert first.execute("SELECT count(*) FROM rows").fetchone() == (2,)


def test_a_file_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with contextlib.closing(sqlite3.connect(path)) as first:
        first.execute("CREATE TABLE rows (id INTEGER)")
    with contextlib.closing(connect(f"sqlite:///{path}", 1)) as second:
        assert second.execute("SELECT count(*) FROM rows").fetchone() == (0,)
