"""The API of the default stack: create, read, cancel; book, read the booking."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.peers.default_stack import background
from bench.peers.default_stack.background import event, locked_request, session
from bench.peers.default_stack.database import engine
from bench.peers.default_stack.models import Appointment, AppointmentRequest, Booking, Offer, Order
from bench.peers.default_stack.security import ProblemError, SecurityHeaders, claims, version

REQUESTS_PATH = "/api/connect/orders/appointment-requests/request"
CANCEL_PATH = "/api/connect/orders/appointment-requests/cancel"
APPOINTMENTS_PATH = "/api/connect/orders/appointments/request"
MAY_BE_CANCELLED = frozenset({"searching", "open", "failed"})
OCCUPYING = ("booking", "booked")

Claims = Annotated[dict[str, Any], Depends(claims)]
Session = Annotated[AsyncSession, Depends(session)]
RequestId = Annotated[str | None, Header(alias="X-Request-Id")]


class CreateBody(BaseModel):
    model_config = ConfigDict(strict=True)

    order_id: int = Field(alias="orderId")
    date_from: date = Field(alias="dateFrom", strict=False)


class CancelBody(BaseModel):
    model_config = ConfigDict(strict=True)

    appointment_request_id: int = Field(alias="appointmentRequestId")


class BookBody(BaseModel):
    model_config = ConfigDict(strict=True)

    appointment_request_id: int = Field(alias="appointmentRequestId")
    slot_id: str = Field(alias="slotId")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan, dependencies=[Depends(version)])
app.add_middleware(SecurityHeaders)


def not_found() -> ProblemError:
    title = "You are not authorised or The id (of the appointment-request) provided does not exist"
    return ProblemError(404, "not-found", title)


def wrong_state(request: AppointmentRequest) -> ProblemError:
    return ProblemError(422, f"appointment-request-{request.state}", f"The appointment-request is {request.state}")


@app.post(REQUESTS_PATH, status_code=201)
async def create_request(
    body: CreateBody, caller: Claims, db: Session, call: Request, tasks: BackgroundTasks, x_request_id: RequestId = None
) -> Response:
    trace = x_request_id or uuid.uuid4().hex
    query = select(Order).where(Order.id == body.order_id, Order.owner == caller["userId"])
    order = (await db.execute(query)).scalar_one_or_none()
    if order is None:
        raise not_found()
    request = AppointmentRequest(owner=order.owner, order_id=order.id, date_from=body.date_from, state="searching")
    db.add(request)
    await db.flush()
    db.add(event(request, "created", caller.get("azp", ""), trace))
    await db.commit()
    tasks.add_task(background.find_slots, request.id, trace)
    return created(call, f"{REQUESTS_PATH}/{request.id}", trace, tasks)


@app.get(REQUESTS_PATH + "/{request_id}")
async def read_request(request_id: int, caller: Claims, db: Session) -> Response:
    query = (
        select(AppointmentRequest, Offer)
        .outerjoin(Offer, Offer.request_id == AppointmentRequest.id)
        .where(AppointmentRequest.id == request_id, AppointmentRequest.owner == caller["userId"])
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise not_found()
    request, offer = found
    if request.state == "searching":
        return Response(status_code=202, headers={"Retry-After": "1"})
    return JSONResponse(
        {
            "id": request.id,
            "orderId": request.order_id,
            "dateFrom": request.date_from.isoformat(),
            "status": request.state,
            "slots": offer.slots if request.state == "open" else [],
            "createdOn": request.created_on.isoformat(timespec="seconds"),
            "updatedOn": request.updated_on.isoformat(timespec="seconds"),
            "cancelledOn": request.cancelled_on and request.cancelled_on.isoformat(timespec="seconds"),
        }
    )


@app.post(CANCEL_PATH, status_code=204)
async def cancel_request(body: CancelBody, caller: Claims, db: Session, x_request_id: RequestId = None) -> Response:
    trace = x_request_id or uuid.uuid4().hex
    request = await locked_request(db, body.appointment_request_id, caller["userId"])
    if request is None:
        raise not_found()
    if request.state in MAY_BE_CANCELLED:
        request.state = "cancelled"
        request.cancelled_on = request.updated_on = func.now()
        db.add(event(request, "cancelled", caller.get("azp", ""), trace))
        await db.commit()
    elif request.state != "cancelled":
        raise wrong_state(request)
    return Response(status_code=204, headers={"X-Request-Id": trace})


@app.post(APPOINTMENTS_PATH, status_code=201)
async def book_slot(
    body: BookBody, caller: Claims, db: Session, call: Request, tasks: BackgroundTasks, x_request_id: RequestId = None
) -> Response:
    trace = x_request_id or uuid.uuid4().hex
    request = await locked_request(db, body.appointment_request_id, caller["userId"])
    if request is None:
        raise not_found()
    if request.state != "open":
        raise wrong_state(request)
    offer = await db.get_one(Offer, request.id)
    slot = next((one for one in offer.slots if one["id"] == body.slot_id), None)
    if slot is None:
        raise ProblemError(422, "slot-not-offered", "The slot is not on offer")
    if await is_occupied(db, request.order_id):
        raise ProblemError(422, "order-has-appointment", "The order has an appointment")
    booking = Booking(request_id=request.id, owner=request.owner, slot=slot, state="booking")
    db.add(booking)
    await db.flush()
    request.state = "booking"
    request.updated_on = func.now()
    db.add(event(request, "booking-started", caller.get("azp", ""), trace))
    await db.commit()
    tasks.add_task(background.book_slot, booking.id, trace)
    return created(call, f"{APPOINTMENTS_PATH}/{booking.id}", trace, tasks)


async def is_occupied(db: AsyncSession, order_id: int) -> bool:
    await db.get_one(Order, order_id, with_for_update=True)
    query = select(AppointmentRequest.id).where(
        AppointmentRequest.order_id == order_id, AppointmentRequest.state.in_(OCCUPYING)
    )
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


@app.get(APPOINTMENTS_PATH + "/{booking_id}")
async def read_booking(booking_id: int, caller: Claims, db: Session) -> Response:
    query = (
        select(Booking, Appointment, Order)
        .outerjoin(Appointment, Appointment.booking_id == Booking.id)
        .outerjoin(Order, Order.id == Appointment.order_id)
        .where(Booking.id == booking_id, Booking.owner == caller["userId"])
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise not_found()
    booking, appointment, order = found
    if booking.state == "booking":
        return Response(status_code=202, headers={"Retry-After": "1"})
    if booking.state == "refused":
        raise ProblemError(422, "slot-unavailable", "The slot is no longer available")
    return JSONResponse(appointment_message(appointment, order))


def appointment_message(appointment: Appointment, order: Order) -> dict[str, Any]:
    return {
        "orderId": order.id,
        "id": appointment.id,
        "nbnAppointmentId": appointment.workforce_id,
        "status": "booked",
        **{name: appointment.slot[name] for name in ("startTime", "endTime", "slotType", "timezoneOffset")},
        "priorityAssist": order.priority_assist,
        "eSla": order.e_sla,
        "demandType": order.demand_type,
        "contact": {"name": None, "type": None, "phone": None, "notes": None},
        "customerRef": order.customer_ref,
        "cancelledOn": None,
        "serviceId": order.service_id,
    }


def created(call: Request, path: str, trace: str, tasks: BackgroundTasks) -> Response:
    headers = {"Location": f"{str(call.base_url).rstrip('/')}{path}", "X-Request-Id": trace}
    # FastAPI runs the tasks of a response that it did not make only when the response carries them.
    return Response(status_code=201, headers=headers, background=tasks)


@app.exception_handler(ProblemError)
async def problem(_: Request, error: ProblemError) -> JSONResponse:
    body = {"type": f"/problems/{error.code}", "title": error.title, "status": error.status, "code": error.code}
    return JSONResponse(body, error.status, media_type="application/problem+json")


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    title = "There are validation errors on the request you made. Check the response body to see what fields had issues"
    fields = [{"pointer": "#/" + "/".join(map(str, one["loc"][1:])), "detail": one["msg"]} for one in error.errors()]
    body = {"type": "/problems/invalid-fields", "title": title, "status": 422, "errors": fields}
    return JSONResponse(body, 422, media_type="application/problem+json")
