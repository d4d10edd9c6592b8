"""`contacts erase` (D49)."""

from __future__ import annotations

import json

from connect_appointments.cli.failing import CommandFailed
from tests.build import sample_order
from tests.cli.program import invoke, run, settings
from tests.cli.test_orders import keep, kept


def test_d49_the_contact_of_one_order_is_erased(database_url: str) -> None:
    keep(database_url, sample_order(7), sample_order(8))
    done = run("contacts", "erase", "--order", "7", env=settings(database_url=database_url))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "erased the contacts of 1 order and 0 appointments\n"
    assert [(order.id, order.contact_name, order.contact_phone) for order in kept(database_url)] == [
        (7, None, None),
        (8, "Alice", "0739076000"),
    ]


def test_an_erasure_as_json_says_how_many_rows(database_url: str) -> None:
    keep(database_url, sample_order(7))
    env = settings(database_url=database_url)
    for orders in (1, 0):
        done = invoke("contacts", "erase", "--order", "7", "--json", env=env)
        assert json.loads(done.output) == {"id": 7, "orders": orders, "appointments": 0}


def test_an_unknown_order_is_named(database_url: str) -> None:
    failed = invoke("contacts", "erase", "--order", "9", env=settings(database_url=database_url)).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed) == "there is no order 9"
