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

from connect_appointments.store.tables import Instant, instant_text

DIALECTS: Mapping[str, sa.Dialect] = {
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(),
}

Row = Any
"""A named tuple whose fields are the columns of its statement."""

GIVEN = "given_"
"""Prefix of the parameters that contain the rows of a batch."""

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


class Numbers(sa.types.TypeDecorator[list[int]]):
    """A list of numbers: an array on PostgreSQL, a JSON text on SQLite."""

    impl = sa.ARRAY(sa.BigInteger())
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else dialect.type_descriptor(sa.ARRAY(sa.BigInteger()))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> list[int]:  # noqa: ARG002 - SQLAlchemy passes it
        found: list[int] = _decode_numbers(value) if isinstance(value, str) else value
        return found


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
    arrays = [_array(compiler, f"{GIVEN}{number}", kind) for number, kind in enumerate(element.given.values())]
    names = ", ".join([*element.given, "place"])
    return f"(SELECT * FROM unnest({', '.join(arrays)}) WITH ORDINALITY AS arrays ({names}))"  # noqa: S608 - names of ours


def _array(compiler: Any, name: str, kind: sa.types.TypeEngine[Any]) -> str:
    if not isinstance(kind, sa.Text):
        text: str = compiler.process(param(name, sa.ARRAY(kind)))
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
    constants = {
        name: encode(value) if encode else value
        for name, value in found.params.items()
        if value is not None and name in encoders
        for encode in [encoders[name]]
    }
    texts = {name for name, kind in kinds.items() if isinstance(kind, JsonTexts)}
    columns = {name: int(name.removeprefix(GIVEN)) for name in names if name.startswith(GIVEN) and name[-1].isdigit()}

    def value_of(name: str, rows: Any, values: Mapping[str, Any]) -> Any:
        if name in columns:
            number = columns[name]
            column = [row[number] for row in rows]
            return _encode(column).decode() if name in texts else column
        if name == f"{GIVEN}json":
            encode = encoders[name]
            return encode(rows) if encode else rows
        if name not in values:
            return constants.get(name)
        encode = encoders[name]
        return encode(values[name]) if encode else values[name]

    return lambda rows, values: [value_of(name, rows, values) for name in names]


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
