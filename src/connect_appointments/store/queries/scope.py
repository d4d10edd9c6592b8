"""Row-level scope: every query on a table with an owner uses this condition."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.model import Operator, Scope


def visible(table: sa.Table, scope: Scope) -> sa.ColumnElement[bool]:
    """The condition that selects the rows of one owner, or all rows for an operator."""
    if isinstance(scope, Operator):
        return sa.true()
    return table.c.owner == scope.id
