"""What work sees of a transaction: the same on both engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from connect_appointments.store.statements import Row

T = TypeVar("T")


class Transaction(Protocol):
    """A transaction that is open. `dialect` is `postgresql` or `sqlite`."""

    dialect: str

    async def fetch(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows.

        rows: those of a batch, for the `given` table of the statement; where they are empty nothing is run.
        values: the named parameters.
        """
        ...

    async def execute(self, statement: Any, rows: Sequence[Sequence[Any]] | None = None, /, **values: Any) -> int:
        """Run a statement that returns no rows; return how many it changed."""
        ...

    async def script(self, text: str) -> None:
        """Run statements as they are written, each ended by a semicolon."""
        ...


Work = Callable[[Transaction], Awaitable[T]]
"""What is done in a transaction. It awaits nothing but the transaction: on SQLite it runs in a thread of its own."""


async def first(transaction: Transaction, statement: Any, /, **values: Any) -> Row | None:
    """The first row of a statement, None when it has none."""
    found = await transaction.fetch(statement, **values)
    return found[0] if found else None
