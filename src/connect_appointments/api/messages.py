"""The shapes on the wire. Every version has the same ones; a difference between versions would live here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from connect_appointments.core.lifecycle import State
from connect_appointments.core.model import Appointment, AppointmentRequest, Slot

RequestId = Annotated[int, Meta(description="The id of the appointment-request", examples=[300])]
SlotId = Annotated[str, Meta(description="The id of one of its slots", max_length=255)]
OrderId = Annotated[int, Meta(description="The id of the order that needs a technician", examples=[10])]
DateFrom = Annotated[date, Meta(description="The date from which to request the appointment slots")]


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

    id: str
    slot_type: Literal["AM", "PM"]
    start_time: datetime
    end_time: datetime
    timezone_offset: str


class AppointmentRequestMessage(Struct, rename="camel"):
    """An appointment-request; `slots` is empty unless it is open."""

    id: int
    order_id: int
    date_from: date
    status: Literal["open", "booking", "booked", "cancelled"]
    slots: list[SlotMessage]
    created_on: datetime
    updated_on: datetime
    cancelled_on: datetime | None


class ContactMessage(Struct, rename="camel"):
    """Whom the technician asks for."""

    name: str | None
    type: str | None
    phone: str | None
    notes: str | None


class AppointmentMessage(Struct, rename="camel"):
    """A booked appointment, with the keys of the `AppointmentCancelled` webhook in its order."""

    order_id: int
    id: int
    nbn_appointment_id: str
    status: Literal["booked"]
    start_time: datetime
    end_time: datetime
    slot_type: Literal["AM", "PM"]
    timezone_offset: str
    priority_assist: bool
    e_sla: str
    demand_type: str
    contact: ContactMessage
    customer_ref: str | None
    cancelled_on: datetime | None
    service_id: int | None


def appointment_request_message(found: AppointmentRequest) -> bytes:
    """The JSON of an appointment-request that is neither searching nor failed."""
    message = AppointmentRequestMessage(
        id=found.id,
        order_id=found.order_id,
        date_from=found.date_from,
        status=found.state.value,  # type: ignore[arg-type]  # the handler answers the two other states differently
        slots=[_slot_message(slot) for slot in found.slots] if found.state is State.OPEN else [],
        created_on=_whole_seconds(found.created_on),
        updated_on=_whole_seconds(found.updated_on),
        cancelled_on=found.cancelled_on and _whole_seconds(found.cancelled_on),
    )
    return msgspec.json.encode(message)


def appointment_message(found: Appointment) -> bytes:
    """The JSON of a booked appointment."""
    order = found.order
    message = AppointmentMessage(
        order_id=order.id,
        id=found.id,
        nbn_appointment_id=found.nbn_appointment_id,
        status="booked",
        start_time=found.slot.start,
        end_time=found.slot.end,
        slot_type=found.slot.slot_type.value,
        timezone_offset=found.slot.timezone_offset,
        priority_assist=order.priority_assist,
        e_sla=order.e_sla,
        demand_type=order.demand_type,
        contact=ContactMessage(order.contact_name, order.contact_type, order.contact_phone, order.contact_notes),
        customer_ref=order.customer_ref,
        cancelled_on=None,
        service_id=order.service_id,
    )
    return msgspec.json.encode(message)


def _slot_message(slot: Slot) -> SlotMessage:
    return SlotMessage(slot.id, slot.slot_type.value, slot.start, slot.end, slot.timezone_offset)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
