"""`backup` and `restore` of a SQLite database: proven before they are relied on, and never in the way of another."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.core.errors import BackupError
from connect_appointments.store import schema
from connect_appointments.store.sqlite.backup import new_file
from tests.cli.conftest import Start
from tests.cli.files import ORDER, as_json_lines
from tests.cli.program import invoke, settings

WRONG = (
    "INSERT INTO appointment_requests (owner, order_id, date_from, state, created_on, updated_on) "
    "VALUES ('11001', 7, '2026-11-24', 'open', '2026-11-22T00:00:00.000Z', '2026-11-22T00:00:00.000Z')"
)


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with one order."""
    path = tmp_path / "live" / "connect.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    assert invoke("orders", "import", "-", env=env_of(path), text=as_json_lines(ORDER).decode()).exit_code == 0
    return path


@pytest.fixture
def copy(database: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    path = tmp_path / "copy.db"
    assert done("backup", path, database).startswith(f"backed up {database} to {path}: schema {schema.head()}, ")
    return path


def env_of(database: Path) -> dict[str, str]:
    return settings(database_url=f"sqlite:///{database}")


def done(command: str, file: Path, database: Path, *options: str) -> str:
    """What a command says that does what it was asked."""
    found = invoke(command, str(file), *options, env=env_of(database))
    assert found.exit_code == 0, found.exception
    return found.output


def refused(command: str, file: Path, database: Path, *options: str) -> str:
    """What a command says that does not, and that it left every file as it was."""
    before = contents(file.parent, database.parent)
    found = invoke(command, str(file), *options, env=env_of(database))
    assert isinstance(found.exception, CommandFailed)
    assert contents(file.parent, database.parent) == before
    return str(found.exception).removeprefix("nothing was done: ")


def contents(*folders: Path) -> dict[Path, bytes]:
    """What is in the files, but for what whoever only looks at a database leaves beside it."""
    found = [path for folder in folders for path in folder.glob("*") if path.is_file() and path.stat().st_size]
    return {path: path.read_bytes() for path in found if not path.name.endswith("-shm")}


def orders_in(database: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM orders ORDER BY id")]


@contextlib.contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """As another process has it: it did nothing but look, and is idle."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM orders").fetchone()
        yield connection


def test_what_was_backed_up_is_restored(database: Path, copy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    assert done("restore", copy, elsewhere) == f"restored {elsewhere} from {copy}: schema {schema.head()}\n"
    assert orders_in(elsewhere) == orders_in(database) == [7]
    assert [path.name for path in tmp_path.glob("*elsewhere*")] == ["elsewhere.db"]


def test_a_backup_is_one_file_that_only_its_user_reads(copy: Path) -> None:
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert list(copy.parent.glob(f"*{copy.name}*")) == [copy]


def test_a_backup_has_what_is_still_in_the_write_ahead_log_alone(database: Path, tmp_path: Path) -> None:
    with opened(database) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE orders SET id = 8")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE orders SET id = 9")
        done("backup", tmp_path / "now.db", database)
    assert orders_in(tmp_path / "now.db") == [8]


def test_a_backup_overwrites_nothing(database: Path, copy: Path) -> None:
    assert refused("backup", copy, database) == f"{copy} exists"
    assert refused("backup", database, database) == f"{database} exists"


def test_what_comes_there_while_a_backup_is_made_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"

    def overtaken() -> None:
        with new_file(path) as partial:
            partial.write_text("ours")
            path.write_text("theirs")

    with pytest.raises(BackupError, match="exists"):
        overtaken()
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    assert refused("backup", tmp_path / "copy.db", tmp_path / "none.db").endswith("none.db does not exist")


def test_a_backup_into_a_folder_that_is_not_there_is_one_clear_error(database: Path, tmp_path: Path) -> None:
    assert refused("backup", tmp_path / "none" / "copy.db", database).endswith("No such file or directory")


def damage(path: Path) -> None:
    """Change the first page of a table, as a bad disk would."""
    with opened(path) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'orders'")
    with path.open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 64)


def test_a_damaged_database_is_not_backed_up(database: Path, tmp_path: Path) -> None:
    damage(database)
    assert "it is damaged: " in refused("backup", tmp_path / "new.db", database)


def test_a_damaged_backup_is_not_restored(copy: Path, tmp_path: Path) -> None:
    damage(copy)
    assert "it is damaged: " in refused("restore", copy, tmp_path / "elsewhere.db")


def test_a_file_that_is_no_backup_is_not_restored(tmp_path: Path) -> None:
    text, empty = tmp_path / "text", tmp_path / "empty"
    text.write_text("hello " * 1000)
    empty.touch()
    target = tmp_path / "elsewhere.db"
    assert refused("restore", text, target).endswith("is not a database")
    assert refused("restore", empty, target) == "the file is not a database of this program"
    assert refused("restore", tmp_path / "none.db", target).endswith("none.db does not exist")


def execute(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_backup_of_a_newer_program_is_not_restored(copy: Path, tmp_path: Path) -> None:
    execute(copy, "UPDATE alembic_version SET version_num = '9999'")
    assert "schema 9999 of the file is newer than this program" in refused("restore", copy, tmp_path / "elsewhere.db")


def test_a_backup_that_breaks_a_rule_is_restored_only_when_that_is_wanted(copy: Path, tmp_path: Path) -> None:
    execute(copy, WRONG)
    target = tmp_path / "elsewhere.db"
    said = refused("restore", copy, target)
    assert said.startswith("the backup breaks rules of verify: open-has-an-offer, state-is-that-of-the-last-event; ")
    done("restore", copy, target, "--despite-findings")
    assert orders_in(target) == [7]


def test_a_backup_with_a_reference_to_nothing_is_not_restored(copy: Path, tmp_path: Path) -> None:
    execute(copy, "DELETE FROM orders")
    execute(copy, WRONG)
    assert refused("restore", copy, tmp_path / "elsewhere.db").startswith(
        "it is damaged: a row of appointment_requests"
    )


def test_what_is_there_is_replaced_only_when_that_is_wanted_and_kept(database: Path, copy: Path) -> None:
    execute(database, "UPDATE orders SET id = 8")
    assert refused("restore", copy, database).startswith(f"{database} exists: --replace ")
    done("restore", copy, database, "--replace")
    assert orders_in(database) == [7]
    assert orders_in(database.with_name("connect.db.replaced")) == [8]


def test_what_an_earlier_restore_replaced_is_not_overwritten(database: Path, copy: Path) -> None:
    done("restore", copy, database, "--replace")
    assert "connect.db.replaced exists" in refused("restore", copy, database, "--replace")


IDLE = """
import signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("SELECT count(*) FROM orders").fetchone()
print("ready", flush=True)
signal.pause()
"""


def test_a_database_that_an_idle_process_has_open_is_not_replaced(database: Path, copy: Path, start: Start) -> None:
    idle = start(str(database), command=(sys.executable, "-c", IDLE))
    idle.line_with("ready")
    assert refused("restore", copy, database, "--replace").endswith("is open in another process: stop it first")
    idle.end()
    done("restore", copy, database, "--replace")


def test_a_damaged_database_can_be_replaced(database: Path, copy: Path) -> None:
    database.write_bytes(b"\0" * 5000)
    done("restore", copy, database, "--replace")
    assert orders_in(database) == [7]


def test_a_log_left_behind_by_a_crash_never_gets_into_what_is_restored(database: Path, copy: Path) -> None:
    with opened(database) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE orders SET id = 8")
        left = {path: path.read_bytes() for path in (database, database.with_name("connect.db-wal"))}
    for path, content in left.items():
        path.write_bytes(content)
    done("restore", copy, database, "--replace")
    assert orders_in(database) == [7]
    assert orders_in(database.with_name("connect.db.replaced")) == [8]


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_on_postgresql_it_says_what_to_run(command: str, tmp_path: Path) -> None:
    env = settings(database_url="postgresql://user:hidden@127.0.0.1:1/name")
    found = invoke(command, str(tmp_path / "file"), env=env)
    assert isinstance(found.exception, CommandFailed)
    assert "pg_dump and pg_restore" in str(found.exception)
    assert "hidden" not in str(found.exception)
