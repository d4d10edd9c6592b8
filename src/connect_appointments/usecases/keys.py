"""The key of a resource."""

from __future__ import annotations

from typing import NamedTuple


class OwnedId(NamedTuple):
    """A resource id, in the scope of one owner."""

    id: int
    owner: str

    @property
    def key(self) -> OwnedId:
        """Reads of the same resource are one command."""
        return self
