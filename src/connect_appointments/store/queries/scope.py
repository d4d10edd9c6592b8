"""Whose rows a query may see: every query on an owner's table goes through here."""

from __future__ import annotations

import sqlalchemy as sa

from connect_appointments.core.model import Operator, Scope


def visible(table: sa.Table, scope: Scope) -> sa.ColumnElement[bool]:
    """The condition that keeps one owner's rows, or every row for an operator."""
    if isinstance(scope, Operator):
        return sa.true()
    return table.c.owner == scope.id
