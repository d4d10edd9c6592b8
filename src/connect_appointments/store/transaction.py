"""The interface of a transaction, the same on both engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from connect_appointments.store.statements import Row

T = TypeVar("T")


class Transaction(Protocol):
    """An open transaction. `dialect` is `postgresql` or `sqlite`."""

    dialect: str

    async def fetch(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows.

        rows: the rows of a batch, for the `given` table of the statement; with an empty sequence the statement is
        skipped.
        values: the named parameters.
        """
        ...

    async def execute(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> int:
        """Run a statement that returns no rows; return the number of changed rows."""
        ...

    async def script(self, text: str) -> None:
        """Run SQL text unchanged; each statement ends with a semicolon."""
        ...


Work = Callable[[Transaction], Awaitable[T]]
"""The work of a transaction. It awaits only the transaction: on SQLite it may run in a thread of its own."""


async def first(transaction: Transaction, statement: Any, /, **values: Any) -> Row | None:
    """The first row of a statement; None if there are no rows."""
    found = await transaction.fetch(statement, **values)
    return found[0] if found else None
