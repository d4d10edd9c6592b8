"""The offers of appointment-requests: the slots that can be booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import Slot
from connect_appointments.store.columns import BigId, Instant, database_now
from connect_appointments.store.queries.slots import decode_slots, encode_slots
from connect_appointments.store.statements import SharedText, given
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import offers
from connect_appointments.store.transaction import Transaction

_new = given(request_id=BigId, slots=SharedText())
_INSERT = sa.insert(offers).from_select(["request_id", "slots"], sa.select(_new.c.request_id, _new.c.slots))
_UPDATE = sa.update(offers).where(offers.c.request_id == _new.c.request_id).values(slots=_new.c.slots)
_asked = given(request_id=BigId)
_READ = (
    sa.select(offers.c.request_id, offers.c.slots, requests.c.offer_expires_on)
    .add_columns(sa.func.coalesce(requests.c.offer_expires_on <= database_now(), sa.false()).label("is_expired"))
    .join(_asked, _asked.c.request_id == offers.c.request_id)
    .join(requests, requests.c.id == offers.c.request_id)
)
_ends = given(request_id=BigId, offer_expires_on=Instant())
_END = sa.update(requests).where(requests.c.id == _ends.c.request_id).values(offer_expires_on=_ends.c.offer_expires_on)


class Offered(NamedTuple):
    """The offer of a locked appointment-request: its slots, its end, and whether it has ended (D47)."""

    slots: tuple[Slot, ...]
    expires_on: datetime | None
    is_expired: bool


NO_OFFER = Offered((), None, is_expired=False)


async def insert(transaction: Transaction, found: Mapping[int, Sequence[Slot]]) -> None:
    """Insert the offered slots, by appointment-request id."""
    await transaction.execute(_INSERT, [(request_id, encode_slots(slots)) for request_id, slots in found.items()])


async def get(transaction: Transaction, request_ids: Sequence[int]) -> dict[int, tuple[Slot, ...]]:
    """The offered slots, by appointment-request id; ids without an offer are omitted."""
    return {number: offered.slots for number, offered in (await read(transaction, request_ids)).items()}


async def read(transaction: Transaction, request_ids: Sequence[int]) -> dict[int, Offered]:
    """The offers of locked appointment-requests, by id; ids without an offer are omitted."""
    rows = await transaction.fetch(_READ, [(request_id,) for request_id in request_ids])
    return {
        row.request_id: Offered(decode_slots(row.slots), row.offer_expires_on, bool(row.is_expired)) for row in rows
    }


async def change(transaction: Transaction, left: Mapping[int, tuple[Sequence[Slot], datetime | None]]) -> None:
    """Write the slots that remain of offers, and the ends of the offers, by id of the locked appointment-request.

    Raises AssertionError if an appointment-request has no offer.
    """
    changed = await transaction.execute(_UPDATE, [(number, encode_slots(slots)) for number, (slots, _) in left.items()])
    ended = await transaction.execute(_END, [(number, expires_on) for number, (_, expires_on) in left.items()])
    if not changed == ended == len(left):
        raise AssertionError(f"{changed} of {len(left)} offers and {ended} of their ends were changed")
