"""Each command on a page is run by a test, or is in a table here with the reason why not; and each exists."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import typer

from connect_appointments.cli.main import app
from connect_appointments.settings import PREFIX, ServeSettings
from tests.docs.commands import GROUPS, PROGRAM, Mention, loose_options, makefile, mentions
from tests.docs.pages import ROOT, Block, blocks, pages, prose

LANGUAGES = {"sh", "http", "json", "yaml", "ini", "text"}

BLOCKS = {
    ("README.md", "Five minutes with the sandbox"): "tests/docs/test_walk.py",
    ("README.md", "Create"): "tests/docs/test_walk.py",
    ("README.md", "Poll"): "tests/docs/test_walk.py",
    ("README.md", "Book"): "tests/docs/test_walk.py",
    ("README.md", "Cancel"): "tests/docs/test_walk.py",
    ("README.md", "On PostgreSQL, with your issuer"): "tests/docs/test_first_start.py",
    ("docs/operations.md", "SQLite"): "tests/cli/test_backup_under_load.py",
    ("docs/operations.md", "PostgreSQL, as it is now"): "tests/cli/test_backup_under_load.py",
    ("docs/operations.md", "PostgreSQL, at a point in time"): "tests/cli/test_point_in_time.py",
}
"""The test that runs each shell block, line by line as it stands."""

BLOCKS_NOT_RUN = {
    ("README.md", ""): "its commands are in the tables below",
    ("docs/development.md", ""): "it runs tests",
}

RUN = {
    "connect-appointments sandbox": "tests/docs/test_walk.py",
    "connect-appointments token": "tests/docs/test_walk.py",
    "connect-appointments migrate": "tests/docs/test_first_start.py",
    "connect-appointments orders import": "tests/docs/test_first_start.py",
    "connect-appointments orders show": "tests/cli/test_order_histories.py",
    "connect-appointments capacity import": "tests/docs/test_first_start.py",
    "connect-appointments serve": "tests/docs/test_first_start.py",
    "connect-appointments work": "tests/cli/test_serve.py",
    "connect-appointments verify": "tests/cli/test_backup_under_load.py",
    "connect-appointments contacts erase": "tests/cli/test_contacts.py",
    "connect-appointments appointments list": "tests/cli/test_appointments.py",
    "connect-appointments appointments show": "tests/cli/test_appointments.py",
    "connect-appointments appointments cancel": "tests/cli/test_appointments.py",
    "connect-appointments appointments record": "tests/cli/test_appointments.py",
    "connect-appointments appointments retry": "tests/cli/test_retries.py",
    "connect-appointments requests list": "tests/cli/test_requests.py",
    "connect-appointments requests retry": "tests/cli/test_retries.py",
    "connect-appointments backup": "tests/cli/test_backup_under_load.py",
    "connect-appointments restore": "tests/cli/test_backup_under_load.py",
    "make": "tests/docs/test_commands.py",
    "make demo": "tests/docs/test_commands.py",
    "make sandbox": "tests/docs/test_walk.py",
    "python -m tests.api.attacks.table": "tests/docs/test_commands.py",
}
"""The test that runs each command."""

NOT_RUN = {
    "make setup": "installs the lock file from a package registry",
    "make test": "runs these tests",
    "make test-outside": "needs Node.js and Chromium",
    "make judges": "needs Node.js, and an environment of its own; minutes",
    "make lint": "checks the source; a test of its result would only repeat it",
    "make openapi": "writes docs/openapi; its check is run instead",
    "make check": "asks a package registry for the lock files; the check of docs/openapi is run",
    "make pg": "never ends; tests/test_throwaway_postgres.py runs its program with a short command",
    "make model": "a minute and a half, and needs SPIN and gcc",
    "make attacks": "minutes, on a quiet machine",
    "make bench": "fifteen minutes, and needs wrk, h2load and pgbench",
    "make faults": "an hour, or five minutes; needs root, strace and faketime",
    "make faults-ha": "five minutes; needs root, and packages of Debian",
    "python -m bench.archiving": "ten minutes, and two gigabytes of disk",
    "python -m bench": "the program of `make bench`",
    "python -m tests.faults": "the program of `make faults`",
}
"""Why a command is not run; that it exists with its options is checked all the same."""

MENTIONS = sorted(set(mentions()))


def label(mention: Mention) -> str:
    return " ".join(mention.words)


def test_every_block_has_a_language_and_no_block_is_indented() -> None:
    wrong = [(page, block.heading) for page in pages() for block in blocks(page) if block.language not in LANGUAGES]
    assert wrong == []
    indented = re.compile(r"\n\n {4,}\S")
    assert [page for page in pages() if indented.search(prose(page))] == []


def test_every_shell_block_is_run_or_has_a_reason() -> None:
    found: list[Block] = [block for page in pages() for block in blocks(page) if block.language == "sh"]
    assert {(block.page, block.heading) for block in found} == BLOCKS.keys() | BLOCKS_NOT_RUN.keys()


def test_every_command_is_run_or_has_a_reason() -> None:
    assert {mention.name for mention in MENTIONS} == RUN.keys() | NOT_RUN.keys()
    assert not RUN.keys() & NOT_RUN.keys()


@pytest.mark.parametrize("test", sorted({*RUN.values(), *BLOCKS.values()}))
def test_the_test_that_runs_it_exists(test: str) -> None:
    assert (ROOT / test).exists()


@pytest.mark.parametrize("mention", MENTIONS, ids=label)
def test_a_command_exists_with_its_options(mention: Mention) -> None:
    assert set(mention.options) <= options_of(mention.name)
    if mention.words[0] == "make":
        assert dry_run(*mention.words).returncode == 0


def test_an_option_by_itself_is_one_of_a_command() -> None:
    known = set().union(*(options_of(mention.name) for mention in MENTIONS))
    # pg_restore is run as it stands, with this option.
    assert [option for option in loose_options() if option[1] not in known | {"--no-owner"}] == []


@cache
def options_of(name: str) -> frozenset[str]:
    """The options of a command; of a make target, those of the program that gets its variable."""
    program, *words = name.split()
    if program == PROGRAM:
        return cli_options(words)
    if program == "make":
        recipe = dry_run(name).stdout if words else ""
        modules = re.findall(r"python -m ((?:tests|bench|tools)[\w.]*)", recipe)
        options = [module_options(module) for module in modules]
        options += [cli_options(found.split()) for found in re.findall(rf"{PROGRAM} ([a-z]+)", recipe)]
        return frozenset().union(*options)
    return module_options(words[-1])


def cli_options(words: list[str]) -> frozenset[str]:
    command: Any = typer.main.get_command(app)
    for word in words[: 2 if words[0] in GROUPS else 1]:
        command = command.get_command(None, word)
        assert command is not None, f"there is no command {words}"
    names = [name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)]
    return frozenset({*names, "--help"})


@cache
def module_options(module: str) -> frozenset[str]:
    """The options that a program lists in its help; none for a program that reads no options."""
    path = ROOT / module.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if "argparse" not in file.read_text(encoding="utf-8"):
        return frozenset()
    return frozenset(re.findall(r"--[a-z-]+", output("-m", module, "--help")))


def output(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


@cache
def dry_run(*words: str) -> subprocess.CompletedProcess[str]:
    """What make would do; it fails when there is no such target."""
    arguments = words[1:] if len(words) > 1 else words[0].split()[1:]
    return subprocess.run(
        ["make", "-n", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )


def test_a_variable_of_a_command_is_one_of_the_makefile_and_a_setting_is_one_of_the_service() -> None:
    variables = set(re.findall(r"^([A-Z_]+) \?=", makefile(), re.MULTILINE))
    settings = {name.upper() for name in ServeSettings.model_fields}
    for mention in MENTIONS:
        named = {word.partition("=")[0] for word in mention.words if re.match(r"[A-Z_]+=", word)}
        assert named <= variables, mention
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in pages())
    assert {name.removesuffix("_FILE") for name in re.findall(rf"{PREFIX}([A-Z_]+)=", text)} <= settings
    assert set(re.findall(r"`([A-Z_]+)=[^`]*`", text)) <= settings | variables


def test_make_alone_lists_the_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert "make demo" in done.stdout


def test_the_demo_succeeds() -> None:
    # The environment is the one of this test, however it was made.
    command = ["make", "-o", ".venv/ready", "demo", f"BIN={sys.prefix}/bin"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_the_openapi_documents_are_current() -> None:
    assert output("-m", "tools.openapi", "--check") == ""


def test_the_table_of_attacks_is_printed() -> None:
    assert "| All |" in output("-m", "tests.api.attacks.table")
