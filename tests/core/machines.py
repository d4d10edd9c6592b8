"""A state machine as a drawing: its arrows, and what they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from connect_appointments.core.transitions import Transition

S = TypeVar("S", bound=StrEnum)


def arrows(transitions: Sequence[Transition[S]]) -> set[tuple[S, str, S]]:
    """Each arrow of the drawing: the state it leaves, the name of the transition, the state it leads to."""
    return {(state, one.name, one.target) for one in transitions for state in one.sources}


def reachable(transitions: Sequence[Transition[S]], start: S) -> set[S]:
    """The states in which a row may be after it was in this one."""
    found = {start}
    while more := {one.target for one in transitions if one.sources & found} - found:
        found |= more
    return found
