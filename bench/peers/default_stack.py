"""The default stack: FastAPI, SQLAlchemy's ORM, PyJWT and uvicorn, put together the way their own manuals do.

`python -m bench.peers.default_stack PORT WORKERS`, with DATABASE_URL, JWKS_FILE and ISSUER in the environment.
What it does, and why it was not made slow, is in README.md.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, DateTime, Identity, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Frame-Options": "DENY",
}
VERSIONS = frozenset("1234567")
MAY_BE_CANCELLED = frozenset({"searching", "open", "failed"})


class Base(DeclarativeBase):
    pass


class AppointmentRequest(Base):
    __tablename__ = "appointment_requests"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    owner: Mapped[str]
    order_id: Mapped[int] = mapped_column(BigInteger)
    date_from: Mapped[date]
    state: Mapped[str]
    created_on: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_on: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cancelled_on: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=func.now())
    owner: Mapped[str]
    client: Mapped[str]
    trace: Mapped[str]


class CancelRequest(BaseModel):
    model_config = ConfigDict(strict=True)

    appointment_request_id: int = Field(alias="appointmentRequestId")


class ProblemError(Exception):
    def __init__(self, status: int, code: str, title: str) -> None:
        self.status = status
        self.code = code
        self.title = title


class SecurityHeaders:
    """A plain ASGI middleware: BaseHTTPMiddleware would cost more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def signing_keys() -> dict[str, jwt.PyJWK]:
    document = json.loads(Path(os.environ["JWKS_FILE"]).read_text("utf-8"))
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys if key.key_id}


issuer = os.environ["ISSUER"]
keys = signing_keys()
engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=40, max_overflow=0
)
new_session = async_sessionmaker(engine, expire_on_commit=False)
bearer = HTTPBearer(auto_error=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.add_middleware(SecurityHeaders)


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as found:
        yield found


async def claims(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> dict[str, Any]:
    if credentials is None:
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid")
    try:
        token = credentials.credentials
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"require": ["exp", "iat", "iss"], "verify_aud": False}
        found: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options=options, leeway=5)
    except (jwt.PyJWTError, KeyError):
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid") from None
    if found.get("typ") != "Bearer" or not isinstance(found.get("userId"), str):
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid")
    return found


async def version(x_api_version: Annotated[str | None, Header()] = None) -> int:
    if x_api_version not in VERSIONS:
        raise ProblemError(400, "unsupported-api-version", "The X-API-VERSION is missing or not supported")
    return int(x_api_version)


@app.post("/api/connect/orders/appointment-requests/cancel", status_code=204, dependencies=[Depends(version)])
async def cancel_request(
    body: CancelRequest,
    caller: Annotated[dict[str, Any], Depends(claims)],
    db: Annotated[AsyncSession, Depends(session)],
    x_request_id: Annotated[str | None, Header()] = None,
) -> Response:
    trace = x_request_id or uuid.uuid4().hex
    query = select(AppointmentRequest).where(
        AppointmentRequest.id == body.appointment_request_id, AppointmentRequest.owner == caller["userId"]
    )
    found = (await db.execute(query.with_for_update())).scalar_one_or_none()
    if found is None:
        title = "You are not authorised or The id (of the appointment-request) provided does not exist"
        raise ProblemError(404, "not-found", title)
    if found.state in MAY_BE_CANCELLED:
        found.state = "cancelled"
        found.cancelled_on = found.updated_on = func.now()
        db.add(
            Event(request_id=found.id, kind="cancelled", owner=found.owner, client=caller.get("azp", ""), trace=trace)
        )
        await db.commit()
    elif found.state != "cancelled":
        raise ProblemError(422, f"appointment-request-{found.state}", f"The appointment-request is {found.state}")
    return Response(status_code=204, headers={"X-Request-Id": trace})


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


if __name__ == "__main__":
    uvicorn.run(
        "bench.peers.default_stack:app",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        workers=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        # Or a busy machine makes uvicorn kill processes that have not started yet.
        timeout_worker_healthcheck=60,
        log_level="warning",
    )
