"""Checks of the headers that describe a body: the media type, the encoding, the size."""

from __future__ import annotations

import re
from functools import lru_cache

from connect_appointments.web.api.refusals import BodyTooLarge, UnsupportedContentEncoding, UnsupportedMediaType
from connect_appointments.web.api.request import MAX_BODY_BYTES, Request

_parameter = re.compile(rb""";[ \t]*([^=;*\s"]*)\*?(?:[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|[^;\s"]*))?""")


def check_body_headers(request: Request) -> None:
    """Raise `UnsupportedMediaType` for anything but JSON in UTF-8, `UnsupportedContentEncoding`, `BodyTooLarge`."""
    headers = request.headers
    media_type = headers.get(b"content-type")
    if media_type is None or b"content-type" in request.repeated or not _is_json(media_type):
        raise UnsupportedMediaType
    if b"content-encoding" in headers:
        raise UnsupportedContentEncoding
    if int(headers.get(b"content-length", 0)) > MAX_BODY_BYTES:
        raise BodyTooLarge


@lru_cache(maxsize=64)
def _is_json(value: bytes) -> bool:
    essence, _, parameters = value.lower().partition(b";")
    charsets = {text.strip(b'"') for name, text in _parameter.findall(b";" + parameters) if name == b"charset"}
    return essence.strip(b" \t") == b"application/json" and charsets <= {b"utf-8"}
