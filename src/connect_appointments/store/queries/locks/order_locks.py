"""The statements that lock rows of a table after their orders, which serialize all changes of an order's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.locking import Lock
from connect_appointments.store.tables import orders


def lock_with_orders(
    rows: sa.TableValuedAlias, table: sa.Table, is_asked: sa.ColumnElement[bool], columns: Sequence[str]
) -> Lock:
    """The statements that lock orders, then their rows in a table; the order of such a row never changes.

    rows: the rows of the batch.
    table: has the columns id and order_id.
    is_asked: the condition that joins the table to the rows.
    columns: the columns returned per locked row, in addition to the order's `order_owner` and `occupancy`.
    """
    last = sa.select(table.c.id).select_from(rows.join(table, is_asked)).order_by(table.c.id)
    return Lock(
        _chain(rows, table, is_asked, columns, skip_locked=True),
        _chain(rows, table, is_asked, columns, skip_locked=False),
        last.with_for_update(of=table),
    )


def _chain(rows: Any, table: sa.Table, is_asked: Any, columns: Sequence[str], *, skip_locked: bool) -> Chain:
    def build(link: Link) -> Any:
        order = (orders.c.id, orders.c.owner, orders.c.occupancy)
        locked_orders = link(
            "locked_orders",
            sa.select(rows.c.place, table.c.id.label("row_id"), *order)
            .select_from(rows.join(table, is_asked).join(orders, orders.c.id == table.c.order_id))
            .order_by(orders.c.id)
            .with_for_update(of=orders, key_share=True, skip_locked=skip_locked),
        )
        own = [table.c[name] for name in columns]
        locked = link(
            "locked",
            sa.select(locked_orders.c.place, *own)
            .select_from(locked_orders.join(table, table.c.id == locked_orders.c.row_id))
            .order_by(table.c.id)
            .with_for_update(of=table, skip_locked=skip_locked),
        )
        is_locked = locked.c.place.is_not(None)
        return sa.select(
            rows.c.place,
            is_locked.label("is_locked"),
            sa.case((is_locked, sa.true()), else_=sa.exists().where(is_asked)).label("is_there"),
            *(locked.c[column.key] for column in own),
            locked_orders.c.owner.label("order_owner"),
            locked_orders.c.occupancy,
        ).select_from(
            rows.outerjoin(locked, locked.c.place == rows.c.place).outerjoin(
                locked_orders, locked_orders.c.place == rows.c.place
            )
        )

    return Chain(build)
