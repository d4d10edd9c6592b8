"""Pages of the rows of an order: newest first, each page after the last id of the page before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import MAX_ID
from connect_appointments.store.queries import orders
from connect_appointments.store.transaction import Transaction

T = TypeVar("T")

MAX_BATCH = 32
"""Pages per batch: each is a statement of its own, which reads no more rows than the page has."""


class PageQuery(NamedTuple):
    """A query for a page of the rows that an owner has under an order.

    after: the last id of the page before; None for the first page.
    limit: the maximum number of rows.
    """

    order_id: int
    owner: str
    after: int | None
    limit: int

    @property
    def key(self) -> PageQuery:
        """Equal queries are one command."""
        return self


class Page(NamedTuple, Generic[T]):
    """The rows of a page, and whether there are more."""

    rows: Sequence[T]
    has_more: bool


ReadRows = Callable[..., Awaitable[Sequence[T]]]
"""Reads rows of an order, by transaction, owner, order_id, before (an id) and limit."""


async def read_pages(
    transaction: Transaction, queries: Sequence[PageQuery], read_rows: ReadRows[T]
) -> list[Page[T] | NotFound]:
    """The page of each query; `NotFound` unless the order, or a row under it, is the owner's."""
    return [await _read_page(transaction, query, read_rows) for query in queries]


async def _read_page(transaction: Transaction, query: PageQuery, read_rows: ReadRows[T]) -> Page[T] | NotFound:
    before = MAX_ID if query.after is None else query.after
    rows = await read_rows(transaction, query.owner, order_id=query.order_id, before=before, limit=query.limit + 1)
    if not rows and not await orders.is_known_to(transaction, query.owner, query.order_id):
        return NotFound()
    return Page(rows[: query.limit], len(rows) > query.limit)
