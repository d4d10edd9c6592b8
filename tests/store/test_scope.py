"""Every statement on a table that has owners is kept to one owner, or is named here with the reason why not."""

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

OF_THE_OPERATOR = {
    "verify": "holds the whole database against itself, for every owner",
    "invariants": "holds the whole database against itself, for every owner",
    "reschedule_invariants": "holds the whole database against itself, for every owner",
}
ALLOWED = {
    "appointment_cancellations._CAUSES": "the worker's, of appointments that it has locked",
    "appointment_cancellations._FACTS": "asked for appointments that the caller has locked with their owners",
    "appointment_cancellations._insert": "inserts cancellations of appointments that the caller has locked",
    "appointment_news._IDS": "the worker's, which acts for every owner",
    "appointment_news._SITES": "the worker's, of orders that it has locked",
    "appointment_news._OPEN": "the worker's, which acts for every owner",
    "appointment_news._CONFIRM": "the worker's, of appointments that it has locked",
    "early_news._KNOWN": "the worker's, which acts for every owner",
    "early_news._LAST_BOOKING": "the worker's, tells nothing but a number",
    "appointment_news._move": "the worker's, of appointments that it has locked",
    "appointment_cancellations._END": "the worker's, which acts for every owner",
    "appointments._event": "writes events with the owner of the row that has changed",
    "appointments._update": "changes rows that the caller has locked, with the owner that they have",
    "bookings._ASSUMED_OVER": "counts on orders that the caller has locked, tells their ids alone",
    "bookings._begin": "begins attempts of appointment-requests that the caller has locked with their owners",
    "bookings._SLOT_IDS": "asked for the attempts of appointment-requests that the caller has locked with their owners",
    "bookings._REFUSE": "the worker's, which acts for every owner",
    "confirmations._confirm": "the worker's; the copy of the order that it makes is kept to one owner",
    "bookings.attempt": "the worker's, which acts for every owner",
    "bookings._NOT_OVER": "an import's, which asks whom an order that changes hands still serves",
    "contacts._ERASE_ORDERS": "the worker's, which acts for every owner",
    "contacts._ERASE_NOW": "the operator's, which acts for every owner",
    "families._LINKS_OF_REQUESTS": "the worker's, which archives families whatever their owner, tells ids alone",
    "families._LINKS_OF_APPOINTMENTS": "the worker's, which archives families whatever their owner, tells ids alone",
    "families._WALK": "the worker's, tells ids alone",
    "families._of_cancellations": "a part of families._REQUESTS",
    "families._of_reschedules": "a part of families._REQUESTS",
    "families._of_bookings": "a part of families._REQUESTS",
    "families._REQUESTS": "the worker's, tells ids alone and whether they have ended",
    "families._APPOINTMENTS": "the worker's, tells ids alone and whether they have ended",
    "families._STANDING": "of families that the caller's id was found in, tells orders alone",
    "families._ORDER": "for an id that was found with its owner, tells the order alone",
    "moves._run": "moves rows with the owner that they have",
    "idempotency._FORGET_OLD": "takes the owner as part of the key",
    "idempotency._KEEP": "takes the owner as part of the key",
    "idempotency._FORGET_AGED": "housekeeping, tells nothing but a number",
    "idempotency.forget": "housekeeping, tells nothing but a number",
    "order_locks._chain": "by ids with their owners for a caller, by ids alone for the worker",
    "offers._READ": "asked for the offers of appointment-requests that the caller has locked with their owners",
    "offers._END": "changes appointment-requests that the caller has locked",
    "orders.LOCK_ANY": "an import's, which may change the owner",
    "orders.occupy_statement": "counts on orders that the caller has locked, tells their ids alone",
    "orders.is_empty": "the sandbox's, tells whether there is anything at all",
    "request_locks.LOCK_ANY": "the worker's and an import's, which act for every owner",
    "requests.link_creation": "writes rows with the owner that the caller names",
    "requests.link_transition": "changes rows that the caller has locked, with the owner that they have",
    "requests.link_locked_transition": "changes rows that an earlier link has locked, with the owner that they have",
    "requests._link_events": "writes events with the owner of the row that has changed",
    "requests._HOLD": "the worker's, which acts for every owner",
    "requests._MARK_TRANSFERRED": "an import's, of appointment-requests that it has locked",
    "requests._NOT_ENDED": "an import's, which asks whom an order that changes hands still serves",
    "searches._ended": "the worker's, which acts for every owner",
    "appointment_locks._lock_pairs": "by ids with their owner, which a condition of the module compares",
    "appointment_locks.LOCK_PAIRS": "by ids with their owner, which a condition of the module compares",
    "reschedules._insert": "inserts reschedules of appointments that the caller has locked with their owners",
    "reschedules._change": "changes rows that the caller has locked, with the owner that they have",
    "reschedules._event": "writes events with the owner of the row that has changed",
    "reschedules._KNOWN": "asked for reschedules of appointment-requests that the caller has locked with their owners",
    "reschedules._end": "the worker's, which acts for every owner",
    "reschedules._RELEASE": "the worker's, which acts for every owner",
}

Statement = ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(STORE.rglob("*.py")):
        if path.stem not in OF_THE_OPERATOR and "migrations" not in path.parts:
            yield path.stem, ast.parse(path.read_text("utf-8"))


def _unscoped() -> set[str]:
    """What asks a table with owners for rows of whatever owner."""
    return {f"{module}.{name}" for module, tree in _modules() for name in _unscoped_in(tree)}


def _unscoped_in(tree: ast.Module) -> Iterator[str]:
    tables = _tables_of(tree)
    keepers = _keepers_of(tree)
    for node in tree.body:
        if isinstance(node, Statement) and _asks(node, tables) and not _is_kept(node, keepers):
            yield _name_of(node)


def _asks(node: ast.AST, tables: set[str]) -> bool:
    """Whether a query on a table with owners is made there, with SQLAlchemy or as text."""
    names = _names_in(node)
    is_query = bool(QUERIES & {found.attr for found in ast.walk(node) if isinstance(found, ast.Attribute)})
    return bool(names & tables and (is_query or "lock_statements" in names)) or bool(IN_TEXT.search(_text_in(node)))


def _is_kept(node: ast.AST, keepers: set[str]) -> bool:
    """Whether it is kept to one owner: by a scope, or by a comparison with the owner that the caller names."""
    text = _text_in(node)
    return bool(_names_in(node) & keepers) or _compares_owners(node) or bool(IN_TEXT.search(text) and "owner" in text)


def _keepers_of(tree: ast.Module) -> set[str]:
    """The names of a module's conditions that keep a query to one owner."""
    conditions = [node for node in tree.body if isinstance(node, ast.Assign) and _compares_owners(node.value)]
    return {"visible", *(_name_of(node) for node in conditions if "select" not in ast.unparse(node))}


def _compares_owners(node: ast.AST) -> bool:
    return any(
        isinstance(side, ast.Attribute) and side.attr == "owner"
        for found in ast.walk(node)
        if isinstance(found, ast.Compare)
        for side in (found.left, *found.comparators)
    )


def _tables_of(tree: ast.Module) -> set[str]:
    """The names under which a module knows tables with owners."""
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "connect_appointments.store.tables"
        for name in node.names
        if name.name in OWNED
    }


def _names_in(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def _text_in(node: ast.AST) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ""
    return "".join(
        str(found.value) for found in ast.walk(node) if isinstance(found, ast.Constant) and isinstance(found.value, str)
    )


def _name_of(node: Statement) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)


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
        "READ = sa.select(orders.c.id).join(given, given.c.id == orders.c.id)",
        "READ: Any = sa.select(orders.c.owner)",
        "LOCK = lock_statements(rows, rows.join(orders, orders.c.id == rows.c.id), [], locked=orders, there=there)",
        "ALL = 'SELECT 1 FROM appointment_requests'",
        "KEEP = sa.insert(orders).from_select(['owner'], sa.select(rows.c.owner))",
        "_is_mine = orders.c.id == rows.c.id\nREAD = sa.select(orders).where(_is_mine)",
    ],
)
def test_a_query_without_an_owner_is_noticed(code: str) -> None:
    assert [*_unscoped_in(ast.parse(f"from connect_appointments.store.tables import orders\n{code}"))]


@pytest.mark.parametrize(
    "code",
    [
        "def get(scope): return sa.select(orders).where(visible(orders, scope))",
        "READ = sa.select(orders.c.id).join(rows, sa.and_(orders.c.id == rows.c.id, orders.c.owner == rows.c.owner))",
        "_is_mine = orders.c.owner == rows.c.owner\nREAD = sa.select(orders).where(_is_mine)",
        "ALL = 'SELECT 1 FROM appointment_requests WHERE owner = $1'",
    ],
)
def test_a_query_that_is_kept_to_one_owner_needs_no_reason(code: str) -> None:
    assert not [*_unscoped_in(ast.parse(f"from connect_appointments.store.tables import orders\n{code}"))]


def test_every_table_that_tells_of_an_owners_things_has_its_owner() -> None:
    """The others are reached only by the id of a row that was found in its scope, or are nobody's."""
    assert metadata.tables.keys() - OWNED == {
        "archived_offers",
        "capacity",
        "contact_erasures",
        "early_news",
        "installation",
        "jobs",
        "offers",
        "recurring_jobs",
        "reservations",
    }
