"""Statements: built once, compiled once for each engine, and the rows of a batch handed to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.store import statements
from connect_appointments.store.columns import BigId, Instant, database_now, seconds_from_now
from connect_appointments.store.engine import Database
from connect_appointments.store.statements import SharedText, compiled, gathered, given, param
from connect_appointments.store.tables import jobs, orders
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_requests import CancelCommand, cancel_batch
from tests.build import ALICE
from tests.store.given import NOBODYS_ID, ORDER, SECOND_ORDER, created, rows

MOMENT = datetime(2026, 11, 25, 23, 59, 59, 500_000, tzinfo=UTC)
ODD_TEXTS = ["", "o'Hara", '"', "\\", "{1,2}", "[1]", "null", "NULL", "ö€😀", "a\nb\tc", "%s $1 :x ?", "x" * 5000]

_given = given(
    number=BigId, text=sa.Text(), day=sa.Date(), moment=Instant(), whole=sa.Integer(), part=sa.Float(), yes=sa.Boolean()
)
ALL_KINDS = sa.select(
    *(_given.c[name] for name in ("number", "text", "day", "moment", "whole")),
    sa.cast(_given.c.part * 4, sa.Integer).label("part"),
    _given.c.yes,
    _given.c.place,
).order_by(_given.c.place)
_ids = given(id=BigId)
OWNERS = sa.select(_ids.c.place, orders.c.owner).select_from(_ids.outerjoin(orders, orders.c.id == _ids.c.id))


async def _echo(database: Database, *batch: Sequence[Any]) -> list[Any]:
    return await database.read(lambda transaction: transaction.fetch(ALL_KINDS, batch))


async def test_the_rows_of_a_batch_arrive_as_they_were_given(database: Database) -> None:
    batch = [
        (2**63 - 1, "text", date(2026, 2, 28), MOMENT, 7, 0.25, True),
        (-(2**63), "", date(1, 1, 1), MOMENT, -7, -2.5, False),
        (None, None, None, None, None, None, None),
    ]
    quarters = [1, -10, None]
    found = await _echo(database, *batch)
    expected = zip(batch, quarters, (1, 2, 3), strict=True)
    assert found == [(*row[:5], quarter, row[6], place) for row, quarter, place in expected]


async def test_a_text_arrives_exactly(database: Database) -> None:
    batch = [(number, text, None, None, None, None, None) for number, text in enumerate(ODD_TEXTS)]
    assert [row.text for row in await _echo(database, *batch)] == ODD_TEXTS
    found = await database.read(lambda transaction: transaction.fetch(NAMED, text=ODD_TEXTS[1], number=3))
    assert found == [(ODD_TEXTS[1], 3, None)]


NAMED = sa.select(param("text", sa.Text()).label("text"), param("number", BigId), param("not_given", sa.Text()))


SHARED = given(number=BigId, text=SharedText(), other=SharedText())
SHARED_TEXTS = sa.select(SHARED.c.number, SHARED.c.text, SHARED.c.other).order_by(SHARED.c.place)


async def test_a_shared_text_arrives_in_each_of_its_rows(database: Database) -> None:
    batch = [(1, "a", "b"), (2, "a", None), (3, None, "a"), (4, "b", "b"), (5, "a", ""), (6, *ODD_TEXTS[1:3])]
    assert await database.read(lambda transaction: transaction.fetch(SHARED_TEXTS, batch)) == batch


def test_postgresql_is_sent_each_shared_text_once() -> None:
    long = "x" * 5000
    values = compiled(SHARED_TEXTS, "postgresql").arguments([(1, long, "b"), (2, long, "c")], {})
    assert [long] in values
    assert str(values).count(long) == 1


_letters = given(letter=sa.Text(), number=BigId)
GATHERED = sa.select(_letters.c.letter, gathered(_letters.c.number).label("numbers")).group_by(_letters.c.letter)


async def test_the_numbers_of_a_group_come_as_one_list(database: Database) -> None:
    batch = [("a", 2**63 - 1), ("b", 2), ("a", 3)]
    found = await database.read(lambda transaction: transaction.fetch(GATHERED, batch))
    assert {row.letter: set(row.numbers) for row in found} == {"a": {2**63 - 1, 3}, "b": {2}}


async def test_a_value_that_is_not_named_is_null(database: Database) -> None:
    assert await database.read(lambda transaction: transaction.fetch(NAMED)) == [(None, None, None)]


async def test_a_batch_without_rows_runs_nothing(database: Database) -> None:
    query = given(number=BigId)
    wrong = sa.select(query.c.number).where(sa.column("there_is_no_such_column") == 1)

    async def work(transaction: Transaction) -> tuple[list[Any], int]:
        return await transaction.fetch(wrong, []), await transaction.execute(wrong, [])

    for batch in (False, True):
        assert await database.read(work, batch=batch) == ([], 0)
        assert await database.write(work, batch=batch) == ([], 0)


async def test_a_statement_tells_how_many_rows_it_changed(database: Database) -> None:
    change = sa.update(orders).where(orders.c.id == _ids.c.id).values(e_sla="changed")

    async def work(transaction: Transaction) -> list[int]:
        return [
            await transaction.execute(change, [(ORDER,), (NOBODYS_ID,), (SECOND_ORDER,)]),
            await transaction.execute(change, [(NOBODYS_ID,)]),
            await transaction.execute(sa.text("DELETE FROM capacity")),
        ]

    assert await database.write(work) == [2, 0, 0]


async def test_rows_have_the_names_of_their_columns(database: Database) -> None:
    (first,) = await database.read(lambda transaction: transaction.fetch(OWNERS, [(ORDER,)]))
    (second,) = await rows(database, "SELECT owner AS found, 1 AS count FROM orders WHERE id = :id", id=ORDER)
    assert (first.place, first.owner) == (1, ALICE)
    assert second._asdict() == {"found": ALICE, "count": 1}


@pytest.fixture
def compilations() -> Iterator[Any]:
    """How often statements were compiled since the test began."""
    compiled.cache_clear()
    yield lambda: compiled.cache_info().misses
    compiled.cache_clear()


async def test_each_statement_is_compiled_once_for_an_engine(database: Database, compilations: Any) -> None:
    sizes = (1, 2, 3, 50)
    for size in sizes:
        found = await database.read(lambda transaction, n=size: transaction.fetch(OWNERS, [(ORDER,)] * n))
        assert len(found) == size
    assert compilations() == 1
    assert compiled(OWNERS, database._engine.dialect) is compiled(OWNERS, database._engine.dialect)


async def test_a_batch_compiles_nothing_that_an_earlier_one_has(database: Database, compilations: Any) -> None:
    ids = [await created(database) for _ in range(4)]
    counts = []
    for some in (ids[:1], ids[1:]):
        commands = [CancelCommand(number, ALICE, "portal-api", "x_request_id") for number in some]
        await database.write(lambda transaction, cancels=commands: cancel_batch(transaction, cancels, wait=False))
        counts.append(compilations())
    assert counts[0] == counts[1]


def test_one_statement_is_another_text_for_each_engine() -> None:
    texts = {name: compiled(OWNERS, name).text for name in statements.DIALECTS}
    assert "unnest($1::BIGINT[])" in texts["postgresql"]
    assert "json_each(?)" in texts["sqlite"]


@pytest.mark.parametrize("hours", [0, 10, -10, 5.5])
async def test_a_moment_is_kept_in_one_way_however_it_comes(database: Database, hours: float) -> None:
    """SQLite compares moments as text: two ways to write one are two moments."""
    moment = MOMENT.astimezone(timezone(timedelta(hours=hours)))
    by_row = given(x_request_id=sa.Text(), due_at=Instant())
    columns = ["kind", "x_request_id", "tries", "due_at"]
    from_rows = sa.insert(jobs).from_select(
        columns, sa.select(sa.literal("test"), by_row.c.x_request_id, sa.literal(0), by_row.c.due_at)
    )
    by_name = sa.insert(jobs).from_select(
        columns,
        sa.select(sa.literal("test"), param("x_request_id", sa.Text()), sa.literal(0), param("due_at", Instant())),
    )

    async def work(transaction: Transaction) -> None:
        await transaction.execute(from_rows, [("row", moment)])
        await transaction.execute(by_name, x_request_id="name", due_at=moment)

    await database.write(work)
    (first,), (second,) = await rows(database, "SELECT due_at FROM jobs")
    assert first == second == ("2026-11-25T23:59:59.500Z" if database.is_sqlite else MOMENT)


async def test_the_clock_of_the_database_is_one_moment_in_a_statement_and_counts_in_seconds(
    database: Database,
) -> None:
    seconds = param("seconds", sa.Float())
    query = sa.select(
        database_now().label("now"), database_now().label("again"), seconds_from_now(seconds).label("then")
    )
    for later in (90.5, -90.5, 0.0):
        ((now, again, then),) = await database.read(lambda transaction, n=later: transaction.fetch(query, seconds=n))
        assert now == again
        assert then - now == timedelta(seconds=later)
        assert now.utcoffset() == timedelta()
