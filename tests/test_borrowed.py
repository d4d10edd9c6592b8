"""What the service uses of a library beyond its documentation, and the version bound that each such use has."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import metadata, resources
from typing import Any

import asyncpg
import httptools
import pytest
import sqlalchemy as sa
import typer
from packaging.requirements import Requirement
from sqlalchemy.dialects import postgresql, sqlite

from connect_appointments.cli.main import app
from connect_appointments.store.failures import translated_errors
from connect_appointments.store.statements import param
from tests.test_readme import ROOT
from tests.throwaway_postgres import Server

BORROWED: dict[str, dict[object, set[str]]] = {
    "asyncpg": {
        # Its own exceptions are the only sign of a broken connection or a stale plan.
        asyncpg: {"InternalClientError", "InvalidCachedStatementError", "OutdatedSchemaCacheError"},
        asyncpg.PostgresError("x"): {"args", "detail", "severity"},
        asyncpg.Pool: {"__await__", "terminate"},
    },
    "httptools": {httptools.HttpRequestParser: {"set_dangerous_leniencies"}},
    "sqlalchemy": {
        sa.select(1).compile(dialect=sqlite.dialect()): {"binds", "params", "positiontup", "string"},
        sa.types.TypeEngine: {"bind_processor", "dialect_impl", "result_processor"},
    },
    "typer": {
        typer.core.TyperGroup: {"get_command", "list_commands"},
        typer.main: {"get_command"},
    },
}
"""Members of each library that is bound, by their owners. Every other library is used as it is documented."""


def requirements() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {found.name: found for found in map(Requirement, project["dependencies"])}


def bounds(requirement: Requirement) -> set[str]:
    return {one.version for one in requirement.specifier if one.operator == "<"}


MEMBERS = [
    pytest.param(owner, name, id=f"{library}-{name}")
    for library, owners in BORROWED.items()
    for owner, names in owners.items()
    for name in sorted(names)
]


@pytest.mark.parametrize(("owner", "name"), MEMBERS)
def test_a_borrowed_member_exists(owner: object, name: str) -> None:
    assert hasattr(owner, name)


def test_libraries_with_a_borrowed_member_are_bound_and_no_others() -> None:
    assert {name for name, found in requirements().items() if bounds(found)} == set(BORROWED)


@pytest.mark.parametrize("name", BORROWED)
def test_the_installed_version_is_within_its_bound(name: str) -> None:
    assert metadata.version(name) in requirements()[name].specifier


def test_the_only_httpx_is_httpx2() -> None:
    assert "httpx2" in requirements()
    assert "httpx" not in requirements()


class Events:
    """What a parser reports, in its order."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_message_begin(self) -> None:
        self.seen.append("begin")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.seen.append((name, value))

    def on_headers_complete(self) -> None:
        self.seen.append("headers")

    def on_body(self, piece: bytes) -> None:
        self.seen.append(piece)

    def on_message_complete(self) -> None:
        self.seen.append("complete")


def test_httptools_takes_the_one_leniency_and_has_the_others_off() -> None:
    signature = inspect.signature(httptools.HttpRequestParser.set_dangerous_leniencies)
    assert "lenient_data_after_close" in signature.parameters
    assert all(one.default is None for name, one in signature.parameters.items() if name != "self")
    parser = httptools.HttpRequestParser(Events())
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    parser.feed_data(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    parser.feed_data(b"GET / HTTP/1.1\r\n\r\n")


def test_httptools_reports_a_trailer_as_a_header_behind_the_body() -> None:
    events = Events()
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    httptools.HttpRequestParser(events).feed_data(head + b"1\r\nx\r\n0\r\nA: b\r\n\r\n")
    assert events.seen == [
        *("begin", (b"Transfer-Encoding", b"chunked"), "headers"),
        *(b"x", (b"A", b"b"), "complete"),
    ]


def test_httptools_reports_an_upgrade_when_the_head_is_complete() -> None:
    events = Events()
    parser = httptools.HttpRequestParser(events)
    with pytest.raises(httptools.HttpParserUpgrade):
        parser.feed_data(b"POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n")
    assert "headers" in events.seen


def test_sqlalchemy_gives_the_names_of_the_numbered_parameters() -> None:
    statement = sa.select(sa.column("a")).where(
        sa.column("a", sa.Integer).in_([7, 8]), sa.column("b") == param("b", sa.Text())
    )
    dialect = postgresql.dialect(paramstyle="numeric_dollar")
    found: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    names = [found.positiontup[int(number) - 1] for number in re.findall(r"\$(\d+)", found.string)]
    assert [found.params[name] for name in names] == [7, 8, None]
    assert names[2] == "b"
    assert [name in found.binds for name in names] == [False, False, True]


def test_sqlalchemy_converts_values_without_an_engine() -> None:
    dialect = sqlite.dialect()
    kind = sa.Boolean().dialect_impl(dialect)
    encode, decode = kind.bind_processor(dialect), kind.result_processor(dialect, None)
    assert encode is not None
    assert decode is not None
    assert (encode(True), decode(1)) == (1, True)  # noqa: FBT003 - it is the value


async def test_asyncpg_lets_a_pool_be_awaited_again() -> None:
    pool = asyncpg.create_pool(min_size=0)
    try:
        assert await pool is await pool
    finally:
        pool.terminate()


@pytest.mark.parametrize("kind", [asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError])
def test_asyncpg_keeps_its_exceptions_in_modules_of_its_package(kind: type[Exception]) -> None:
    assert kind.__module__.startswith("asyncpg.")


async def test_asyncpg_puts_the_value_that_does_not_fit_behind_a_colon(postgres: Server) -> None:
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        with pytest.raises(asyncpg.DataError) as caught:
            await connection.fetch("SELECT $1::integer", "Alice")
    finally:
        await connection.close()
    assert caught.value.severity is None
    assert "Alice" in str(caught.value)
    with pytest.raises(asyncpg.DataError, match=r"^invalid input for query argument \$1$"), translated_errors():
        raise caught.value


def test_typer_raises_wrong_calls_with_a_message_and_the_command() -> None:
    with pytest.raises(Exception, match="no-such-option") as caught:
        app(args=["migrate", "--no-such-option"], standalone_mode=False)
    error: Any = caught.value
    assert "--no-such-option" in error.format_message()
    assert error.ctx.command_path.endswith("migrate")


def test_tzdata_lists_its_zones() -> None:
    """No bound: newer rules of time zones must not be kept out. The standard library reads the same file."""
    zones = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    assert "Australia/Sydney" in zones
