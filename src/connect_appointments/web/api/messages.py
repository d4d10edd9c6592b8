"""The shapes on the wire. Every version has the same ones; a difference between versions would live here."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from connect_appointments.core import appointments, requests
from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.model import Appointment, AppointmentRequest, Slot
from connect_appointments.core.requests import Status
from connect_appointments.web.api.values import (
    MAX_SLOTS,
    DateFrom,
    Day,
    Id,
    Moment,
    Notes,
    Offset,
    OrderId,
    RequestId,
    SlotId,
    Text,
)

RequestStatus = Annotated[str, Meta(extra_json_schema={"enum": [str(status) for status in requests.ON_THE_WIRE]})]
AppointmentStatus = Annotated[str, Meta(extra_json_schema={"enum": [str(state) for state in appointments.ON_THE_WIRE]})]

Canceller = Annotated[str, Meta(extra_json_schema={"enum": [*map(str, CancelledBy), None]})]


class CancelRequestBody(Struct, rename="camel"):
    """Which appointment-request to cancel. Source: the page, "POST Request"."""

    appointment_request_id: RequestId


class CreateRequestBody(Struct, rename="camel"):
    """For which order, and from when on. `dateFrom` is a date where the order's site is."""

    order_id: OrderId
    date_from: DateFrom


class BookSlotBody(Struct, rename="camel"):
    """Which slot of which appointment-request to book."""

    appointment_request_id: RequestId
    slot_id: SlotId


class SlotMessage(Struct, rename="camel"):
    """A time window on offer. The id is to be sent back as it is; read no meaning into it."""

    id: Text
    slot_type: Literal["AM", "PM"]
    start_time: Moment
    end_time: Moment
    timezone_offset: Offset


class AppointmentRequestMessage(Struct, rename="camel"):
    """An appointment-request; `slots` is empty unless it is open. After `slotsExpireOn`, an open one is `expired`."""

    id: Id
    order_id: Id
    date_from: Day
    status: RequestStatus
    slots: Annotated[list[SlotMessage], Meta(max_length=MAX_SLOTS)]
    created_on: Moment
    updated_on: Moment
    cancelled_on: Moment | None
    slots_expire_on: Moment | None
    appointment_id: Id | None


class ContactMessage(Struct, rename="camel"):
    """Whom the technician asks for."""

    name: Text | None
    type: Text | None
    phone: Text | None
    notes: Notes | None


class AppointmentMessage(Struct, rename="camel"):
    """An appointment: the keys of the `AppointmentCancelled` webhook in its order, then ours (D31)."""

    order_id: Id
    id: Id
    nbn_appointment_id: Text
    status: AppointmentStatus
    start_time: Moment
    end_time: Moment
    slot_type: Literal["AM", "PM"]
    timezone_offset: Offset
    priority_assist: bool
    e_sla: Text
    demand_type: Text
    contact: ContactMessage
    customer_ref: Text | None
    cancelled_on: Moment | None
    service_id: Id | None
    appointment_request_id: Id
    cancellable_until: Moment | None
    cancelled_by: Canceller | None
    reason: Notes | None


def appointment_request_message(found: AppointmentRequest) -> bytes:
    """The JSON of an appointment-request."""
    return msgspec.json.encode(appointment_request_fields(found))


def appointment_request_fields(found: AppointmentRequest) -> AppointmentRequestMessage:
    """The message of an appointment-request."""
    return AppointmentRequestMessage(
        id=found.id,
        order_id=found.order_id,
        date_from=found.date_from,
        status=found.status.value,
        slots=_slots(found.slots if found.status is Status.OPEN else ()),  # type: ignore[arg-type]  # it is their JSON
        created_on=whole_seconds(found.created_on),
        updated_on=whole_seconds(found.updated_on),
        cancelled_on=found.cancelled_on and whole_seconds(found.cancelled_on),
        slots_expire_on=found.slots_expire_on and whole_seconds(found.slots_expire_on),
        appointment_id=found.appointment_id,
    )


def appointment_message(found: Appointment) -> bytes:
    """The JSON of an appointment."""
    return msgspec.json.encode(appointment_fields(found))


def appointment_fields(found: Appointment) -> AppointmentMessage:
    """The message of an appointment."""
    order = found.order
    status = "booked" if found.state in appointments.CHANGING else found.state.value
    return AppointmentMessage(
        order_id=order.id,
        id=found.id,
        nbn_appointment_id=found.workforce_id,
        status=status,
        start_time=found.slot.start,
        end_time=found.slot.end,
        slot_type=found.slot.slot_type.value,
        timezone_offset=found.slot.timezone_offset,
        priority_assist=order.priority_assist,
        e_sla=order.e_sla,
        demand_type=order.demand_type,
        contact=ContactMessage(order.contact_name, order.contact_type, order.contact_phone, order.contact_notes),
        customer_ref=order.customer_ref,
        cancelled_on=found.cancelled_on and whole_seconds(found.cancelled_on),
        service_id=order.service_id,
        appointment_request_id=found.request_id,
        cancellable_until=whole_seconds(found.cancellable_until) if status == "booked" else None,
        cancelled_by=found.cancelled_by,
        reason=found.reason,
    )


@lru_cache(256)  # the same area has the same slots on offer for all its orders
def _slots(slots: tuple[Slot, ...]) -> msgspec.Raw:
    messages = [SlotMessage(one.id, one.slot_type.value, one.start, one.end, one.timezone_offset) for one in slots]
    return msgspec.Raw(msgspec.json.encode(messages))


def whole_seconds(moment: datetime) -> datetime:
    """The moment as it is on the wire."""
    return moment.replace(microsecond=0)
