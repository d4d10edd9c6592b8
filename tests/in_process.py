"""A transport of httpx2 that calls a handler in this process, without a socket."""

from __future__ import annotations

import httpx2

from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.request import Request, ServerContext


class InProcess(httpx2.AsyncBaseTransport):
    """Sends every request to a handler."""

    def __init__(self, handler: Handler, context: ServerContext) -> None:
        self._handler = handler
        self._context = context

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response of the handler, without its Date."""
        names = [name.lower() for name, _ in request.headers.raw]
        found = Request(
            self._context,
            request.method,
            request.url.raw_path.partition(b"?")[0].decode("ascii"),
            {name.lower(): value for name, value in request.headers.raw},
            repeated={name for name in names if names.count(name) > 1},
            query=request.url.raw_path.partition(b"?")[2].decode("ascii"),
        )
        found.add_body(await request.aread())
        found.end_body()
        response = await self._handler(found)
        assert response is not None
        head = response.head(b"", found.request_id, found.headers_after)
        fields = [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:-2])]
        content = b"" if request.method == "HEAD" else response.body
        return httpx2.Response(response.status, headers=fields, content=content)
