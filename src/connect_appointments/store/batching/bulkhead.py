"""A bound on the calls that may wait for something."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator

from connect_appointments.core.errors import Overloaded


class Bulkhead:
    """Admits a number of calls at once; a queue without a bound answers no call in time."""

    def __init__(self, capacity: int) -> None:
        """`capacity`: calls at once. One owner may have half of them, so that the other half is left for others."""
        self._free = capacity
        self._most_of_one = (capacity + 1) // 2
        self._admitted: dict[Hashable, int] = {}

    @contextlib.contextmanager
    def admitted(self, owner: Hashable) -> Iterator[None]:
        """Admit a call while the context lasts; raise `Overloaded` when there is no capacity left for its owner."""
        admitted = self._admitted.get(owner, 0)
        if self._free == 0 or admitted >= self._most_of_one:
            raise Overloaded
        self._free -= 1
        self._admitted[owner] = admitted + 1
        try:
            yield
        finally:
            self._free += 1
            self._admitted[owner] -= 1
            if not self._admitted[owner]:
                del self._admitted[owner]
