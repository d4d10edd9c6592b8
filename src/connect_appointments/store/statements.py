"""Statements are built once with SQLAlchemy Core and compiled once per engine; a driver runs the SQL text."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from connect_appointments.store.columns import Instant, instant_text

DIALECTS: Mapping[str, sa.Dialect] = {
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(),
}

Row = Any
"""A named tuple whose fields are the columns of its statement."""

GIVEN = "given_"
"""Prefix of the parameters that contain the rows of a batch."""
DISTINCT = "distinct_"
"""Prefix of the parameters that contain the distinct texts of a column, before the name of the column's parameter."""

_encode = msgspec.json.Encoder().encode
_decode_numbers = msgspec.json.Decoder(list[int]).decode


class Given(FunctionElement[Any]):
    """The rows of a batch in SQL: one array parameter per column on PostgreSQL, one JSON text on SQLite."""

    inherit_cache = False
    name = "given"

    def __init__(self, columns: Mapping[str, sa.types.TypeEngine[Any]]) -> None:
        self.given = columns
        super().__init__()


def given(**columns: sa.types.TypeEngine[Any]) -> sa.TableValuedAlias:
    """The rows of a batch as a table that can be joined.

    columns: in the order of the values of each row. An additional column, `place`, numbers the rows from 1.
    A statement has at most one such table.
    """
    named = [sa.column(name, kind) for name, kind in columns.items()]
    return Given(columns).table_valued(*named, sa.column("place", sa.BigInteger()), name="given")


def param(name: str, kind: sa.types.TypeEngine[Any]) -> sa.BindParameter[Any]:
    """A named parameter, bound when the statement runs."""
    return sa.bindparam(name, type_=kind, value=None, required=False)


class JsonRows(sa.types.TypeDecorator[Any]):
    """Rows as one JSON text; each value is encoded by the type of its column."""

    impl = sa.Text
    cache_ok = False

    def __init__(self, kinds: Sequence[sa.types.TypeEngine[Any]]) -> None:
        super().__init__()
        self._moments = [number for number, kind in enumerate(kinds) if isinstance(kind, Instant)]

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002 - SQLAlchemy passes it
        rows = [self._with_moments(row) for row in value] if self._moments else value
        return _encode(rows).decode()

    def _with_moments(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for number in self._moments:
            if values[number] is not None:
                values[number] = instant_text(values[number])
        return values


class JsonTexts(sa.types.TypeDecorator[Any]):
    """The strings of a column as one JSON text."""

    impl = sa.Text
    cache_ok = True


class SharedText(sa.types.TypeDecorator[Any]):
    """A column of long texts, few of which are distinct: PostgreSQL is sent each distinct text once."""

    impl = sa.Text
    cache_ok = True


class Positions(sa.types.TypeDecorator[Any]):
    """For each row of a `SharedText` column, the position of its text among the distinct texts."""

    impl = sa.ARRAY(sa.Integer())
    cache_ok = True


class Numbers(sa.types.TypeDecorator[list[int]]):
    """A list of numbers: an array on PostgreSQL, a JSON text on SQLite."""

    impl = sa.ARRAY(sa.BigInteger())
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else dialect.type_descriptor(sa.ARRAY(sa.BigInteger()))

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:  # noqa: ARG002 - SQLAlchemy passes it
        return _decode_numbers if dialect.name == "sqlite" else None


class gathered(GenericFunction[list[int]]):  # noqa: N801 - a SQL function, spelled as one
    """The numbers of a group of rows."""

    type = Numbers()
    inherit_cache = True


@compiles(gathered, "postgresql")
def _gathered_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"array_agg({compiler.process(element.clauses, **kw)})"


@compiles(gathered, "sqlite")
def _gathered_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **kw)})"


@compiles(Given, "postgresql")
def _given_on_postgresql(element: Given, compiler: Any, **_: Any) -> str:
    named = [(f"{GIVEN}{number}", name, kind) for number, (name, kind) in enumerate(element.given.items())]
    arrays = ", ".join(_array(compiler, parameter, kind) for parameter, _, kind in named)
    columns = ", ".join(_column(compiler, parameter, name, kind) for parameter, name, kind in named)
    names = ", ".join([*element.given, "place"])
    return f"(SELECT {columns}, place FROM unnest({arrays}) WITH ORDINALITY AS arrays ({names}))"  # noqa: S608 - names of ours


def _column(compiler: Any, parameter: str, name: str, kind: sa.types.TypeEngine[Any]) -> str:
    if not isinstance(kind, SharedText):
        return name
    return f"({compiler.process(param(f'{DISTINCT}{parameter}', sa.ARRAY(sa.Text())))})[{name}] AS {name}"


def _array(compiler: Any, name: str, kind: sa.types.TypeEngine[Any]) -> str:
    if not isinstance(kind, sa.Text):
        array = Positions() if isinstance(kind, SharedText) else sa.ARRAY(kind)
        text: str = compiler.process(param(name, array))
        return text
    # An array of strings is slower: asyncpg checks for each string whether it is itself an array.
    return f"ARRAY(SELECT json_array_elements_text(CAST({compiler.process(param(name, JsonTexts()))} AS JSON)))"


@compiles(Given, "sqlite")
def _given_on_sqlite(element: Given, compiler: Any, **_: Any) -> str:
    text = compiler.process(param(f"{GIVEN}json", JsonRows(list(element.given.values()))))
    columns = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(element.given))
    return f"(SELECT {columns}, key + 1 AS place FROM json_each({text}))"  # noqa: S608 - names of ours


class Compiled(NamedTuple):
    """A statement compiled for one engine.

    arguments: builds the driver's arguments from the rows of the batch and the named values.
    decode: builds result rows from the driver's rows, given the column names.
    """

    text: str
    arguments: Callable[[Sequence[Sequence[Any]], Mapping[str, Any]], list[Any]]
    decode: Callable[[Iterable[Any], Sequence[str]], list[Row]]


@lru_cache(maxsize=1024)
def compiled(statement: Any, dialect_name: str) -> Compiled:
    """The compiled statement for an engine's driver; cached per statement."""
    dialect = DIALECTS[dialect_name]
    found = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    columns = list(getattr(statement, "exported_columns", ()))
    return Compiled(
        found.string,
        _argument_maker(found, dialect),
        _decoder(columns, dialect) if columns else _decode_by_name,
    )


def _argument_maker(found: Any, dialect: sa.Dialect) -> Callable[[Any, Any], list[Any]]:
    names: list[str] = list(found.positiontup or ())
    kinds = {name: bind.type for name, bind in found.binds.items()}
    # The values of an IN clause have names of their own and need no encoding.
    encoders = {name: _encoder(kinds[name], dialect) if name in kinds else None for name in names}
    fixed = [_encoded(encoders[name], found.params.get(name)) for name in names]
    from_rows = [(at, _row_encoder(name, kinds[name], encoders[name])) for at, name in _places(names, of_rows=True)]
    named = [(at, name, encoders[name]) for at, name in _places(names, of_rows=False)]

    def arguments(rows: Any, values: Mapping[str, Any]) -> list[Any]:
        made = fixed.copy()
        for at, encode_rows in from_rows:
            made[at] = encode_rows(rows)
        if values:
            for at, name, encode in named:
                if name in values:
                    made[at] = encode(values[name]) if encode else values[name]
        return made

    return arguments


def _encoded(encode: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if encode is None or value is None else encode(value)


def _places(names: Sequence[str], *, of_rows: bool) -> list[tuple[int, str]]:
    """The parameters that contain rows of the batch, or the other parameters, with their positions."""
    return [(at, name) for at, name in enumerate(names) if name.startswith((GIVEN, DISTINCT)) is of_rows]


def _row_encoder(
    name: str, kind: sa.types.TypeEngine[Any], encode: Callable[[Any], Any] | None
) -> Callable[[Sequence[Sequence[Any]]], Any]:
    """The function that makes a parameter from the rows of the batch."""
    if isinstance(kind, JsonRows):
        return encode or _encode
    number = int(name.rpartition(GIVEN)[2])
    encode_column = _column_encoder(name, kind)
    if encode_column is None:
        return lambda rows: [row[number] for row in rows]
    return lambda rows: encode_column([row[number] for row in rows])


def _column_encoder(name: str, kind: sa.types.TypeEngine[Any]) -> Callable[[Sequence[Any]], Any] | None:
    if name.startswith(DISTINCT):
        return _distinct
    if isinstance(kind, Positions):
        return _positions
    return _json_text if isinstance(kind, JsonTexts) else None


def _distinct(column: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(column))


def _positions(column: Sequence[Any]) -> list[int]:
    positions = {text: number for number, text in enumerate(_distinct(column), start=1)}
    return [positions[text] for text in column]


def _json_text(column: Sequence[Any]) -> str:
    return _encode(column).decode()


def _encoder(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _decoder(
    columns: Sequence[sa.ColumnElement[Any]], dialect: sa.Dialect
) -> Callable[[Iterable[Any], Sequence[str]], list[Row]]:
    make = _row_type(tuple(str(column.key) for column in columns))._make
    readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    if not any(readers):
        return lambda records, _: [make(record) for record in records]
    steps = [(number, read) for number, read in enumerate(readers) if read is not None]

    def decode(records: Iterable[Any], _: Sequence[str]) -> list[Row]:
        found = []
        for record in records:
            values = list(record)
            for number, read in steps:
                values[number] = read(values[number])
            found.append(make(values))
        return found

    return decode


def _decode_by_name(records: Iterable[Any], names: Sequence[str]) -> list[Row]:
    make = _row_type(tuple(names))._make
    return [make(record) for record in records]


@lru_cache(maxsize=1024)
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - its fields are those of a statement
