"""`orders import` and `orders list`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.core.model import Operator, Order
from connect_appointments.store.queries import orders
from tests.build import ALICE, BOB, sample_order
from tests.cli.files import ORDER, as_csv, as_json_lines, changed, database_at
from tests.cli.program import invoke, run, settings


def kept(url: str) -> Sequence[Order]:
    """Every order in the database."""

    async def work() -> Sequence[Order]:
        async with database_at(url) as database:
            return await database.read(
                lambda transaction: orders.page(transaction, Operator("test"), after=0, limit=10_000)
            )

    return asyncio.run(work())


def keep(url: str, *found: Order) -> None:
    async def work() -> None:
        async with database_at(url) as database:
            await database.write(lambda transaction: orders.upsert(transaction, found))

    asyncio.run(work())


def test_orders_are_added_and_overwritten(database_url: str, tmp_path: Path) -> None:
    keep(database_url, sample_order(7, BOB, e_sla="Enhanced"), sample_order(9, BOB))
    file = tmp_path / "orders.csv"
    file.write_bytes(as_csv(changed(ORDER, id=8), ORDER).replace(b"\n", b"\r\n"))
    done = run("orders", "import", str(file), env=settings(database_url=database_url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported 2 orders\n", "")
    found = kept(database_url)
    assert [(order.id, order.owner, order.e_sla) for order in found] == [
        (7, ALICE, "Standard"),
        (8, ALICE, "Standard"),
        (9, BOB, "Standard"),
    ]
    assert found[0].contact_phone is None


def test_nothing_of_a_bad_file_is_done_and_each_bad_line_is_named(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(as_json_lines(ORDER, changed(ORDER, id=0, state="X"), ORDER) + b"{\n")
    done = run("orders", "import", str(file), "--json", env=settings(database_url=database_url))
    assert (done.returncode, done.stdout) == (1, "")
    lines = [line.removeprefix(f"connect-appointments: {file}") for line in done.stderr.splitlines()]
    assert [line.split()[:2] for line in lines[:3]] == [[":2", "id"], [":3", "id"], [":4", "is"]]
    assert lines[3:] == [f"connect-appointments: nothing of {file} was imported"]
    assert kept(database_url) == []


def test_what_one_database_lists_another_imports(database_url: str, tmp_path: Path, sqlite_template: Path) -> None:
    known = [
        sample_order(1, contact_notes='two\nlines, "quoted"'),
        sample_order(2, BOB, customer_ref="[bold]", contact_name="Zoë"),
        *(sample_order(n) for n in range(3, 1203)),
    ]
    keep(database_url, *known)
    env = settings(database_url=database_url)
    listed = invoke("orders", "list", "--contacts", "--json", "--limit", "5000", env=env)
    assert len(listed.stdout.splitlines()) == len(known)

    other = tmp_path / "other.db"
    other.write_bytes(sqlite_template.read_bytes())
    done = invoke(
        "orders", "import", "-", "--json", env=settings(database_url=f"sqlite:///{other}"), text=listed.stdout
    )
    assert done.exit_code == 0
    assert {name: value for name, value in json.loads(done.output).items() if value} == {"imported": 1202}
    assert kept(f"sqlite:///{other}") == known


def test_a_dry_run_checks_and_changes_nothing(database_url: str) -> None:
    env = settings(database_url=database_url)
    good = invoke("orders", "import", "-", "--dry-run", "--json", env=env, text=as_csv(ORDER).decode())
    assert json.loads(good.output) == {"imported": 0, "checked": 1}
    bad = as_csv(changed(ORDER, id=0)).decode()
    assert isinstance(invoke("orders", "import", "-", "--dry-run", env=env, text=bad).exception, CommandFailed)
    assert kept(database_url) == []


def test_a_file_that_cannot_be_read_is_named(database_url: str, tmp_path: Path) -> None:
    env = settings(database_url=database_url)
    for path in (tmp_path / "missing.csv", tmp_path):
        failed = invoke("orders", "import", str(path), env=env).exception
        assert isinstance(failed, CommandFailed)
        assert str(failed).startswith(f"{path} cannot be read: ")


def test_the_states_are_those_of_the_configured_country(database_url: str) -> None:
    text = as_csv(changed(ORDER, timeZone="Pacific/Auckland", state="AUK")).decode()
    env = settings(database_url=database_url)
    assert isinstance(invoke("orders", "import", "-", env=env, text=text).exception, CommandFailed)
    assert invoke("orders", "import", "-", env=env | settings(holiday_country="NZ"), text=text).exit_code == 0


@pytest.fixture
def listed_url(database_url: str) -> str:
    keep(database_url, *(sample_order(n, BOB if n % 2 else ALICE, customer_ref="[red]\x1b[31m") for n in range(1, 9)))
    return database_url


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7, 8]),
        (["--owner", ALICE], [2, 4, 6, 8]),
        (["--owner", "nobody"], []),
        (["--after", "3"], [4, 5, 6, 7, 8]),
        (["--limit", "2"], [1, 2]),
        (["--owner", BOB, "--after", "1", "--limit", "2"], [3, 5]),
    ],
)
def test_the_list_is_by_id_and_only_what_was_asked_for(listed_url: str, options: list[str], ids: list[int]) -> None:
    done = invoke("orders", "list", "--json", *options, env=settings(database_url=listed_url))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids


def test_a_list_holds_contacts_only_on_demand(listed_url: str) -> None:
    env = settings(database_url=listed_url)
    for form in ([], ["--json"]):
        assert "0739076000" not in invoke("orders", "list", *form, env=env).output
        assert "0739076000" in invoke("orders", "list", "--contacts", *form, env=env).output


def test_a_table_says_how_to_go_on_and_hides_what_a_terminal_would_obey(listed_url: str) -> None:
    env = settings(database_url=listed_url)
    shown = invoke("orders", "list", "--limit", "3", env=env).output
    assert shown.splitlines()[-1] == "There may be more: --after 3"
    assert "[red]?[31m" in shown
    assert "\x1b" not in shown
    assert invoke("orders", "list", "--after", "8", env=env).output == "none\n"
