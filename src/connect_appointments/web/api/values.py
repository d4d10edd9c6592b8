"""The constraints of each value in the OpenAPI documents. `body.py` validates the values of request bodies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from connect_appointments.web.api.versions import NUMBERS

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader represents exactly (D20)."""

MAX_SLOTS = 120
"""The maximum size of an offer: both halves of each of the 60 days that `slot_days` may be."""

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
"""The maximum number of items of a list (D44)."""

MAX_FIELD_ERRORS = 2000
"""An upper limit of the invalid fields in a body of 16 KiB: a repeated key takes at least ten bytes."""

_ID = {"format": "int64"}
_DAY = {"minLength": 10, "maxLength": 10}
_MOMENT = {"minLength": 20, "maxLength": 20}

Id = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER, extra_json_schema=_ID)]
RequestId = Annotated[Id, Meta(description="The id of the appointment-request", examples=[300])]
AppointmentId = Annotated[Id, Meta(description="The id of the appointment", examples=[583])]
OrderId = Annotated[Id, Meta(description="The id of the order that needs a technician", examples=[10])]
SlotId = Annotated[str, Meta(description="The id of one of its slots", pattern="^[^\\u0000]*$", max_length=255)]
DateFrom = Annotated[
    date, Meta(description="The date from which to request the appointment slots", extra_json_schema=_DAY)
]

Day = Annotated[date, Meta(extra_json_schema=_DAY)]
Moment = Annotated[datetime, Meta(tz=True, extra_json_schema=_MOMENT)]
Offset = Annotated[str, Meta(pattern="^[+-][0-9]{2}:[0-9]{2}$", min_length=6, max_length=6)]
Text = Annotated[str, Meta(max_length=255)]
Notes = Annotated[str, Meta(max_length=2000)]

Status = Annotated[int, Meta(ge=400, le=599, extra_json_schema={"format": "int32"})]
Code = Annotated[str, Meta(pattern="^[a-z-]+$", max_length=64)]
Sentence = Annotated[str, Meta(max_length=1000)]
Type = Annotated[str, Meta(pattern="^.*/problems/[a-z-]+$", max_length=2048)]
Instance = Annotated[str, Meta(pattern="^urn:uuid:[0-9a-f-]{36}$", min_length=45, max_length=45)]
Pointer = Annotated[str, Meta(pattern="^#/.*$", max_length=4096)]
Parameter = Annotated[str, Meta(pattern="^[a-z]+$", max_length=64)]
XRequestId = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]+$", min_length=1, max_length=128)]
VersionNumber = Annotated[int, Meta(ge=NUMBERS[0], le=NUMBERS[-1], extra_json_schema={"format": "int32"})]
