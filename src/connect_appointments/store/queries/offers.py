"""The offers of appointment-requests: the slots that can be booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from connect_appointments.core.model import Slot
from connect_appointments.store.queries.slots import decode_slots, encode_slots
from connect_appointments.store.statements import SharedText, given
from connect_appointments.store.tables import BigId, offers
from connect_appointments.store.transaction import Transaction

_new = given(request_id=BigId, slots=SharedText())
_INSERT = sa.insert(offers).from_select(["request_id", "slots"], sa.select(_new.c.request_id, _new.c.slots))
_UPDATE = sa.update(offers).where(offers.c.request_id == _new.c.request_id).values(slots=_new.c.slots)
_asked = given(request_id=BigId)
_READ = sa.select(offers.c.request_id, offers.c.slots).join(_asked, _asked.c.request_id == offers.c.request_id)


async def insert(transaction: Transaction, found: Mapping[int, Sequence[Slot]]) -> None:
    """Insert the offered slots, by appointment-request id."""
    await transaction.execute(_INSERT, [(request_id, encode_slots(slots)) for request_id, slots in found.items()])


async def get(transaction: Transaction, request_ids: Sequence[int]) -> dict[int, tuple[Slot, ...]]:
    """The offered slots, by appointment-request id; ids without an offer are omitted."""
    rows = await transaction.fetch(_READ, [(request_id,) for request_id in request_ids])
    return {row.request_id: decode_slots(row.slots) for row in rows}


async def withdraw(transaction: Transaction, slot_ids: Mapping[int, str]) -> None:
    """Remove one slot from each offer: slot ids by appointment-request id. The caller has locked the requests."""
    found = await get(transaction, list(slot_ids))
    left = [
        (request_id, encode_slots([slot for slot in slots if slot.id != slot_ids[request_id]]))
        for request_id, slots in found.items()
    ]
    await transaction.execute(_UPDATE, left)
