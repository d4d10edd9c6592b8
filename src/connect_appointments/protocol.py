"""What uvicorn leaves to wish for on a connection: offers to upgrade, callers that half-close, ends in mid-request."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head_begun = False

    def on_message_begin(self) -> None:
        """Note that a request has begun to arrive."""
        super().on_message_begin()
        self._head_begun = True

    def on_headers_complete(self) -> None:
        """Start on the request."""
        self._head_begun = False
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Close the connection, or let the answer to what has begun to arrive do that."""
        if not self._head_begun:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read what came; an offer to upgrade is declined by answering the request as if it made none."""
        self._unset_keepalive_if_required()
        rest = memoryview(data)
        try:
            while rest:
                rest = self._feed(rest)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _feed(self, data: memoryview) -> memoryview:
        """Read up to an offer to upgrade; return what is behind it."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # The parser takes all that follows for another protocol, the body of this very request among it.
            head = self._head_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)
            return data[offer.args[0] :]
        return data[:0]

    def _should_upgrade(self) -> bool:
        """Keep uvicorn from starting on a request that is read again without its offer."""
        return True

    def _head_without_offer(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for a bool, uvicorn always says no
        """Answer what has been asked in full before closing: a caller may close its own side first."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True
