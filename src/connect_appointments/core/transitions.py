"""What a state machine is made of: its transitions, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from connect_appointments.core.errors import NotFound, Refusal

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, eq=False)
class Transition(Generic[S]):
    """One change of state.

    name: the kind of the event that records it.
    sources: the states it leads out of.
    target: the state it leads to.
    already_in: states in which what is asked for is true already, so that asking again is a success.
    refusals: the refusal in each other state; a transition that only the worker makes has none.
    """

    name: str
    sources: frozenset[S]
    target: S
    already_in: frozenset[S] = frozenset()
    refusals: Mapping[S, type[Refusal]] = field(default_factory=dict)

    def check(self, before: S | None) -> bool:
        """Whether the state has to change; raises the refusal where it must not.

        before: the state of the row, None where no such row is visible.
        """
        if before is None:
            raise NotFound
        if before in self.sources:
            return True
        if before not in self.already_in:
            raise self.refusals[before]
        return False


def final_states(states: type[S], transitions: Iterable[Transition[S]]) -> frozenset[S]:
    """The states that no transition leads out of."""
    return frozenset(states) - {source for transition in transitions for source in transition.sources}
