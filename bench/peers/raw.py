"""The limit of the HTTP layer: an application that does nothing but answer 204.

`python -m bench.peers.raw PORT uvicorn|service` serves it on plain uvicorn, or on the service's own server.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from bench.probe import SIX_HEADERS

START = {
    "type": "http.response.start",
    "status": 204,
    "headers": [
        *((name.encode(), value.encode()) for name, value in SIX_HEADERS),
        (b"x-request-id", b"0123456789abcdef01234567"),
    ],
}
BODY = {"type": "http.response.body", "body": b""}


async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer."""
    await send(START)
    await send(BODY)


def uvicorn_server() -> uvicorn.Server:
    """Plain uvicorn."""
    options = {"loop": "uvloop", "http": "httptools", "ws": "none", "lifespan": "off"}
    return uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning", **options))  # type: ignore[arg-type]


def service_server() -> uvicorn.Server:
    """The service's own server."""
    from connect_appointments.web.server.server import create_server  # plain uvicorn must not depend on it

    return create_server(app, shutdown_seconds=1)


def main(port: int, kind: str) -> None:
    """Serve until killed."""
    server = service_server() if kind == "service" else uvicorn_server()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[socket.create_server(("127.0.0.1", port), backlog=2048)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
