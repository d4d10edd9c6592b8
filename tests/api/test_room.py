"""Room for so many at once, and for no more than half of them of one owner."""

from __future__ import annotations

import contextlib

import pytest

from connect_appointments.core.errors import Overloaded
from connect_appointments.usecases.turns import Room


def test_one_owner_takes_half_of_the_places_and_others_the_rest() -> None:
    room = Room(4)
    with contextlib.ExitStack() as stack:
        for owner in ("alice", "alice", "bob"):
            stack.enter_context(room.place(owner))
        with pytest.raises(Overloaded), room.place("alice"):
            pass
        stack.enter_context(room.place("carol"))
        with pytest.raises(Overloaded), room.place("bob"):
            pass
    with room.place("alice"), room.place("alice"):
        pass


def test_a_place_is_free_again_whatever_happened_in_it() -> None:
    room = Room(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="so"), room.place("alice"):
            raise ValueError("so")


def test_where_there_are_no_places_there_is_none() -> None:
    with pytest.raises(Overloaded), Room(0).place("alice"):
        pass
