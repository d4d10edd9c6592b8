"""Every query on a table that has owners is kept to one owner, or is named here with the reason why not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import connect_appointments.store
from connect_appointments.store.tables import metadata

STORE = Path(connect_appointments.store.__file__).parent
OWNED = {name for name, table in metadata.tables.items() if "owner" in table.c}
QUERIES = {"select", "update", "delete"}
IN_TEXT = re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+({'|'.join(OWNED)})\b")

OF_THE_OPERATOR = {"verify": "holds the whole database against itself, for every owner"}
ALLOWED = {
    "bookings.slot_id_of": "asked for the attempt of a request that the caller holds in its scope",
    "bookings.attempt": "the worker's, which acts for every owner",
    "bookings.end": "the worker's, which acts for every owner",
    "bookings._attempts": "narrowed by those who use it, to a scope or to ids with their owners",
    "idempotency.used": "takes the owner as part of the key",
    "idempotency.keep": "takes the owner as part of the key",
    "idempotency.forget": "housekeeping, tells nothing but a number",
    "orders.get_many": "takes the owners as part of the keys",
    "orders.may_be_pointed_at": "asked for orders that were just found by their owners, tells nothing",
    "orders.hold": "asked for the order of a request that the caller sees, tells nothing",
    "orders.is_empty": "the sandbox's, tells whether there is anything at all",
    "requests.order_is_occupied": "asked for the order of a request that the caller holds in its scope",
    "requests.move": "asked for a request that the caller holds in its scope, or by the worker",
    "requests.move_many": "asked for requests by the worker, which acts for every owner",
    "sqlite.CHANGE": "changes ids that were just found with their owners in the same transaction",
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(STORE.glob("*.py")):
        if path.stem not in OF_THE_OPERATOR:
            yield path.stem, ast.parse(path.read_text("utf-8"))


def _unscoped() -> set[str]:
    """Functions that query a table with owners without `visible`, and texts that do without naming the owner."""
    return {name for module, tree in _modules() for name in (*_functions(module, tree), *_texts(module, tree))}


def _functions(module: str, tree: ast.Module) -> Iterator[str]:
    tables = _tables_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}
            calls = {found.attr for found in ast.walk(node) if isinstance(found, ast.Attribute)}
            if names & tables and calls & QUERIES and "visible" not in names:
                yield f"{module}.{node.name}"


def _tables_of(tree: ast.Module) -> set[str]:
    """The names under which a module knows tables with owners."""
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "connect_appointments.store.tables"
        for name in node.names
        if name.name in OWNED
    }


def _texts(module: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            text = "".join(
                str(found.value)
                for found in ast.walk(node)
                if isinstance(found, ast.Constant) and isinstance(found.value, str)
            )
            if IN_TEXT.search(text) and "owner" not in text:
                yield f"{module}.{node.targets[0].id}" if isinstance(node.targets[0], ast.Name) else module


def test_every_query_is_kept_to_one_owner_or_has_a_reason() -> None:
    assert _unscoped() - ALLOWED.keys() == set()


def test_every_reason_is_still_needed() -> None:
    assert ALLOWED.keys() - _unscoped() == set()


@pytest.mark.parametrize(
    "code",
    [
        "def get(): return sa.select(orders)",
        "async def end(): await run(sa.update(orders).where(orders.c.id == 1))",
        "def forget(): return sa.delete(orders)",
        "ALL = 'SELECT 1 FROM appointment_requests'",
    ],
)
def test_a_query_without_an_owner_is_noticed(code: str) -> None:
    tree = ast.parse(f"from connect_appointments.store.tables import orders\n{code}")
    assert [*_functions("module", tree), *_texts("module", tree)]


def test_every_table_that_tells_of_an_owners_things_has_its_owner() -> None:
    """The others are reached only by the id of a row that was found in its scope, or are nobody's."""
    assert metadata.tables.keys() - OWNED == {"capacity", "jobs", "offers", "reservations"}
