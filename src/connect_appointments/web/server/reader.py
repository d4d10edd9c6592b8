"""Parses the bytes of a connection into requests, within size limits."""

from __future__ import annotations

import re

import httptools

from connect_appointments.web.api.refusals import HeadTooLarge, MalformedRequest
from connect_appointments.web.api.request import Request, ServerContext

MAX_HEAD_BYTES = 32 * 1024
"""Limit of the target and the header fields of a request."""
MAX_LINE_BYTES = 64
"""Additional limit of a head, for the method and the version."""
MAX_FIELDS = 100

REQUEST, HEAD, BODY = range(3)
"""The part that is expected next: a request, the rest of its head, the rest of its body."""
CHUNKED = -1

_END_OF_HEAD = b"\r\n\r\n"
# One space between the parts, no fragment, HTTP/1.0 or 1.1: servers could disagree about any other request line.
_request_line = re.compile(rb"(?!CONNECT )([!-~]+) ([!-\"$-~]+) HTTP/1\.([01])\r\n")
_offer = re.compile(rb"\nupgrade:", re.IGNORECASE)


class RequestReader:
    """Feeds a parser with the bytes of one request at a time, so that it never parses into the next request.

    expects: REQUEST, HEAD or BODY.
    waited_seconds: reset to 0 at the start and at the end of a head.
    has_more: whether there are received bytes that are not parsed yet.
    keeps_alive: whether the connection may continue after the last request.
    discards: whether the rest of a body is parsed and discarded.
    """

    expects = REQUEST
    waited_seconds = 0.0
    has_more = discards = False
    keeps_alive = True
    _request: Request | None = None  # the request whose body is not complete
    # Starts with the first byte of the unfinished head; the bytes before `_fed` are parsed.
    _data = b""
    _start = _fed = 0
    _left = 0  # remaining bytes of the body, or CHUNKED
    _overhead = 0  # bytes since the last piece of a chunked body

    def __init__(self, context: ServerContext, client: str) -> None:
        self._context = context
        self._client = client
        self._fields: dict[bytes, bytes] = {}
        self._repeated: list[bytes] = []
        self._parser = self._new_parser()

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # such data is not parsed, and is no error
        return parser

    def add(self, data: bytes) -> None:
        """Add received bytes."""
        if self._data:
            data = self._data[self._start :] + data
            self._fed -= self._start
            self._start = 0
        self._data = data
        self.has_more = True

    def clear(self) -> None:
        """Discard all bytes, parsed or not."""
        self._data, self._start, self._fed, self.has_more = b"", 0, 0, False

    def end_request(self) -> None:
        """Mark the request as answered."""
        self._request = None
        self.discards = self.expects == BODY

    def read(self, *, may_begin: bool) -> Request | None:
        """Parse the received bytes up to the next request; body bytes are added to their request as they arrive.

        may_begin: whether a new request may be parsed; the rest of the last body is always parsed.

        Raises `MalformedRequest` and `HeadTooLarge`; the reader is unusable after that.
        """
        request = None
        try:
            while self.has_more:
                if self.expects == BODY:
                    self._read_body()
                elif may_begin and request is None:
                    request = self._read_head()
                else:
                    return request
        except (httptools.HttpParserError, ValueError) as error:
            raise MalformedRequest from error
        if self.expects != HEAD:
            self.clear()
        return request

    def _read_head(self) -> Request | None:
        data, start, fed = self._data, self._start, self._fed
        if data[start] in b"\r\n":
            self._advance(len(data) - len(data[start:].lstrip(b"\r\n")))
            return None
        # The end of the head may have started before the new bytes.
        end = data.find(_END_OF_HEAD, max(start, fed - 3)) + len(_END_OF_HEAD)
        if end < len(_END_OF_HEAD):
            self._read_part_of_head()
            return None
        self._advance(end)
        line = _request_line.match(data, start, end)
        if line is None:
            raise MalformedRequest
        self._feed_head(data, start, fed, end)
        return self._new_request(*line.groups(), size=end - line.start(2) - len(" HTTP/1.1\r\n\r\n"))

    def _advance(self, end: int) -> None:
        self._start = self._fed = end
        self.has_more = end < len(self._data)

    def _read_part_of_head(self) -> None:
        self._parser.feed_data(self._data[self._fed :])
        self._fed = len(self._data)
        self.has_more = False
        if self._fed - self._start > MAX_HEAD_BYTES + MAX_LINE_BYTES:
            raise HeadTooLarge

    def _feed_head(self, data: bytes, start: int, fed: int, end: int) -> None:
        try:
            self._parser.feed_data(data[fed:end])
        except httptools.HttpParserUpgrade:
            # After an Upgrade, the parser treats all following bytes as another protocol, including this request's
            # body. A new parser parses the request again without the Upgrade.
            self._parser = self._new_parser()
            self._parser.feed_data(_offer.sub(rb"\nx-offer:", data[start:end]))

    def _new_request(self, method: bytes, target: bytes, minor: bytes, *, size: int) -> Request:
        """The request with a complete head; `size` is the size of its target and fields."""
        fields, repeated = self._fields, self._repeated
        if size > MAX_HEAD_BYTES or len(fields) + len(repeated) > MAX_FIELDS:
            raise HeadTooLarge
        path, query = _parts_of(target)
        encoding = fields.get(b"transfer-encoding")
        if path is None or (encoding is not None and not self._is_chunked(encoding)):
            raise MalformedRequest
        if minor == b"0":
            self.keeps_alive = False
        words = (method.decode("ascii"), path.decode("ascii"))
        request = Request(self._context, *words, fields, repeated, self._client, query.decode("ascii"))
        if self.expects == BODY:
            self._left = CHUNKED if encoding is not None else int(fields[b"content-length"])
            self._request = request
        else:
            request.is_complete = True
        return request

    def _is_chunked(self, encoding: bytes) -> bool:
        return encoding.strip(b" \t").lower() == b"chunked" and b"transfer-encoding" not in self._repeated

    def _read_body(self) -> None:
        """Parse the received bytes of a body; of a chunked body, one line."""
        data, fed = self._data, self._fed
        if self._left == CHUNKED:
            end = data.find(b"\n", fed) + 1 or len(data)
            self._overhead += end - fed
        else:
            end = min(len(data), fed + self._left)
            self._left -= end - fed
        self._advance(end)
        self._parser.feed_data(data[fed:end])
        if self._overhead > MAX_HEAD_BYTES:
            raise HeadTooLarge

    def on_message_begin(self) -> None:
        self._fields, self._repeated = {}, []
        self.expects = HEAD
        self.waited_seconds = 0.0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.expects == HEAD:  # not the trailer of a body
            name = name.lower()
            if name in self._fields:
                self._repeated.append(name)
            self._fields[name] = value

    def on_headers_complete(self) -> None:
        self.keeps_alive = self._parser.should_keep_alive()
        self.expects = BODY
        self._overhead = 0
        self.waited_seconds = 0.0

    def on_body(self, piece: bytes) -> None:
        self._overhead = 0
        if self._request is not None:
            self._request.add_body(piece)

    def on_message_complete(self) -> None:
        self.expects = REQUEST
        self.discards = False
        if self._request is not None:
            self._request.end_body()
            self._request = None


def _parts_of(target: bytes) -> tuple[bytes | None, bytes]:
    """The path of a request's target, None for a target without one, and its query."""
    if target[:1] == b"/":
        path, _, query = target.partition(b"?")
        return path, query
    url = httptools.parse_url(target)
    return url.path, url.query or b""
