"""The limit of the HTTP layer: an application that does nothing but answer 204."""

from __future__ import annotations

import asyncio
import sys

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from connect_appointments.web.api.answers import SECURITY_HEADERS
from connect_appointments.web.server.server import bind, create_server

START = {
    "type": "http.response.start",
    "status": 204,
    "headers": [*SECURITY_HEADERS, (b"x-request-id", b"0123456789abcdef01234567")],
}
BODY = {"type": "http.response.body", "body": b""}


async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer."""
    await send(START)
    await send(BODY)


def main(port: int, whose: str) -> None:
    """Serve until killed: on plain uvicorn, or on the service's own server."""
    if whose == "ours":
        server: uvicorn.Server = create_server(app, shutdown_seconds=1)
    else:
        options = {"loop": "uvloop", "http": "httptools", "ws": "none", "lifespan": "off"}
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning", **options))  # type: ignore[arg-type]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[bind("127.0.0.1", port)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
