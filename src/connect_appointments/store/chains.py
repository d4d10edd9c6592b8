"""Chains: set statements that run one after another, each on rows that an earlier one returned.

PostgreSQL runs a chain as one statement, with a common table expression for each link, and so in one round trip.
SQLite, which runs in this process and has no such expressions, runs the links in turn and keeps what each returns in a
temporary table. The links of a chain read what earlier ones returned, never what they changed: PostgreSQL gives them
all one snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.store.sqlite import kept_rows

Link = Callable[[str, Any], Any]
"""Adds a statement to a chain under a name; gives the rows it returns, to be joined like a table."""


class Steps(NamedTuple):
    """A chain as SQLite runs it: its links in their order, and the statement that answers."""

    links: Sequence[kept_rows.Step]
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
        links: list[kept_rows.Step] = []

        def link(name: str, statement: Any) -> Any:
            number = len(links)
            links.append(kept_rows.step(number, statement))
            return kept_rows.rows(number, name, list(statement.exported_columns))

        answer = self._build(link)
        return Steps(links, answer)
