"""Chains: set statements that run one after another, each on rows that an earlier one returned.

PostgreSQL runs a chain as one statement, with a common table expression for each link, and so in one round trip.
SQLite, which runs in this process and has no such expressions, runs the links in turn. The links of a chain read what
earlier ones returned, never what they changed: PostgreSQL gives them all one snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from connect_appointments.store.statements import param

Link = Callable[[str, Any], Any]
"""Adds a statement to a chain under a name; gives the rows it returns, to be joined like a table."""


class Returned(FunctionElement[Any]):
    """The rows that an earlier link has returned, on SQLite: one JSON text."""

    inherit_cache = False
    name = "returned"

    def __init__(self, link: str, columns: Sequence[str]) -> None:
        self.link = link
        self.returned = columns
        super().__init__()


@compiles(Returned, "sqlite")
def _returned_on_sqlite(element: Returned, compiler: Any, **_: Any) -> str:
    text = compiler.process(param(f"link_{element.link}", sa.Text()))
    columns = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(element.returned))
    # A limit, though of no number, makes SQLite read the rows once: else each row of a join reads the whole text.
    return f"(SELECT {columns} FROM json_each({text}) LIMIT -1)"  # noqa: S608 - names of ours


class Steps(NamedTuple):
    """A chain as SQLite runs it: its links by name, in their order, and the statement that answers."""

    links: Mapping[str, Any]
    answer: Any


class Chain:
    """A chain of statements, built once for each engine."""

    def __init__(self, build: Callable[[Link], Any]) -> None:
        """`build` adds the links and returns the statement that answers; it is called once for each engine."""
        self._build = build

    @cache  # noqa: B019 - a chain lives as long as its module
    def as_one(self) -> Any:
        """The one statement that PostgreSQL runs."""
        links: list[sa.CTE] = []

        def link(name: str, statement: Any) -> sa.CTE:
            links.append(statement.cte(name))
            return links[-1]

        return self._build(link).add_cte(*links)

    @cache  # noqa: B019 - a chain lives as long as its module
    def as_steps(self) -> Steps:
        """The statements that SQLite runs."""
        links: dict[str, Any] = {}

        def link(name: str, statement: Any) -> Any:
            links[name] = statement
            columns = list(statement.exported_columns)
            if not columns:
                return None
            named = [sa.column(str(column.key), column.type) for column in columns]
            return Returned(name, [column.name for column in named]).table_valued(*named, name=name)

        answer = self._build(link)
        return Steps(links, answer)
