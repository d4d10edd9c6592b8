"""Serialization of slots as JSON text, the same on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from connect_appointments.core.model import Slot

REMEMBERED = 256
"""Cache size in offers: all orders of an area share the same text."""

_many = msgspec.json.Decoder(tuple[Slot, ...])
_one = msgspec.json.Decoder(Slot)


class Offer(tuple[Slot, ...]):  # noqa: SLOT001 - its hash is kept in its dictionary
    """Slots with a cached hash, so that results derived from them can be cached."""

    def __hash__(self) -> int:
        """The cached hash of the tuple; the tuple's own hash would compute the hash of every slot."""
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = super().__hash__()
        return known


def encode_slots(slots: Sequence[Slot]) -> str:
    """Serialize slots."""
    return _encoded(slots) if isinstance(slots, Offer) else msgspec.json.encode(slots).decode()


@lru_cache(REMEMBERED)
def _encoded(offer: Offer) -> str:
    return msgspec.json.encode(offer).decode()


def decode_slots(text: str | None) -> tuple[Slot, ...]:
    """Deserialize slots; None is an empty tuple."""
    return () if text is None else _offer(text)


@lru_cache(REMEMBERED)
def _offer(text: str) -> Offer:
    return Offer(_many.decode(text))


def encode_slot(slot: Slot) -> str:
    """Serialize a slot."""
    return msgspec.json.encode(slot).decode()


def decode_slot(text: str) -> Slot:
    """Deserialize a slot."""
    return _one.decode(text)


def encode_move(to: Slot, previous: Slot) -> str:
    """Serialize the slots of a move, for the detail of an event."""
    return msgspec.json.encode({"slot": to, "previousSlot": previous}).decode()


def encode_refused_move(to: Slot, refusal: str) -> str:
    """Serialize the slot and the problem code of a refused move, for the detail of an event."""
    return msgspec.json.encode({"slot": to, "refusal": refusal}).decode()


class local_day_of(GenericFunction[date]):  # noqa: N801 - a SQL function, spelled as one
    """The local date on which a serialized slot starts."""

    type = sa.Date()
    inherit_cache = True


@compiles(local_day_of, "postgresql")
def _day_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    slot = f"({compiler.process(element.clauses, **kw)})::json"
    return f"(timezone('UTC', ({slot} ->> 'start')::timestamptz) + ({slot} ->> 'timezone_offset')::interval)::date"


@compiles(local_day_of, "sqlite")
def _day_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    slot = compiler.process(element.clauses, **kw)
    return f"date(json_extract({slot}, '$.start'), json_extract({slot}, '$.timezone_offset'))"


class slot_type_of(GenericFunction[str]):  # noqa: N801 - a SQL function, spelled as one
    """The half of the day of a serialized slot."""

    type = sa.Text()
    inherit_cache = True


@compiles(slot_type_of, "postgresql")
def _type_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(({compiler.process(element.clauses, **kw)})::json ->> 'slot_type')"


@compiles(slot_type_of, "sqlite")
def _type_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$.slot_type')"
