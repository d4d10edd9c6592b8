"""Chains: sequences of set-based statements, each of which works on the rows that an earlier one returned.

PostgreSQL runs a chain as one statement with a common table expression per link, and so in one round trip. SQLite runs
in this process and has no data-modifying CTEs, so it runs the links in turn and stores their rows in temporary tables.
A link reads the rows that earlier links returned, never the tables as changed by them: PostgreSQL runs all links on the
same snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.store.sqlite import kept_rows

Link = Callable[[str, Any], Any]
"""Adds a named statement to a chain; returns its rows as a table that can be joined."""


class Steps(NamedTuple):
    """A chain in the form that SQLite runs: the links in order, and the final statement, which returns the result."""

    links: Sequence[kept_rows.Step]
    answer: Any


class Chain:
    """A chain of statements, built once per engine."""

    def __init__(self, build: Callable[[Link], Any]) -> None:
        """`build` adds the links and returns the final statement; it is called once per engine."""
        self._build = build

    @cache  # noqa: B019 - a chain lives as long as its module
    def as_one(self) -> Any:
        """The chain as the single statement that PostgreSQL runs."""
        links: list[sa.CTE] = []

        def link(name: str, statement: Any) -> sa.CTE:
            links.append(statement.cte(name))
            return links[-1]

        return self._build(link).add_cte(*links)

    @cache  # noqa: B019 - a chain lives as long as its module
    def as_steps(self) -> Steps:
        """The chain as the sequence of statements that SQLite runs."""
        links: list[kept_rows.Step] = []

        def link(name: str, statement: Any) -> Any:
            number = len(links)
            links.append(kept_rows.step(number, statement))
            return kept_rows.rows(number, name, list(statement.exported_columns))

        answer = self._build(link)
        return Steps(links, answer)
