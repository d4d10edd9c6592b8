"""The limit of the HTTP layer: an application that does nothing but answer 204.

`python -m bench.peers.raw PORT uvicorn|service` serves it on plain uvicorn, or on the service's own server.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
import uvloop

from connect_appointments.web.api.request import Request, ServerContext
from connect_appointments.web.api.response import NO_CONTENT, SECURITY_HEADERS, Response
from connect_appointments.web.server.server import bind, serving_on, until_stopped

START = {
    "type": "http.response.start",
    "status": 204,
    "headers": [*SECURITY_HEADERS, (b"x-request-id", b"0123456789abcdef01234567")],
}
BODY = {"type": "http.response.body", "body": b""}


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer."""
    await send(START)
    await send(BODY)


async def answer(_request: Request) -> Response:
    """Answer."""
    return NO_CONTENT


async def serve_service(port: int) -> None:
    """Serve on the service's own server."""
    listener = bind("127.0.0.1", port)
    async with serving_on(listener, answer, ServerContext(None), drain_seconds=0, shutdown_seconds=1):
        await until_stopped()


async def serve_uvicorn(port: int) -> None:
    """Serve on plain uvicorn."""
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", access_log=False, log_level="warning")
    await uvicorn.Server(config).serve(sockets=[bind("127.0.0.1", port)])


def main(port: int, kind: str) -> None:
    """Serve until killed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_service(port) if kind == "service" else serve_uvicorn(port))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
