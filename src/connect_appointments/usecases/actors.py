"""The actor of a change."""

from __future__ import annotations

from connect_appointments.core.model import Actor, Owner


def owner_of(actor: Actor) -> str:
    """The owner that an actor acts for."""
    if isinstance(actor.scope, Owner):
        return actor.scope.id
    raise TypeError("an operator acts for one owner at a time: give the owner as the scope")
