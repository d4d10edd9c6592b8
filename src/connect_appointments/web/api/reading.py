"""What the headers of a request say of its body: the media type, the encoding, the size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from connect_appointments.web.api.refusals import BodyTooLarge, UnsupportedContentEncoding, UnsupportedMediaType
from connect_appointments.web.api.request import MAX_BODY_BYTES

_parameter = re.compile(rb""";[ \t]*([^=;*\s"]*)\*?(?:[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|[^;\s"]*))?""")


def check_media_type(value: bytes | None, *, repeated: bool) -> None:
    """Raise `UnsupportedMediaType` for anything but JSON in UTF-8."""
    if value is None or repeated or not _is_json(value):
        raise UnsupportedMediaType


@lru_cache(maxsize=64)
def _is_json(value: bytes) -> bool:
    essence, _, parameters = value.lower().partition(b";")
    charsets = {text.strip(b'"') for name, text in _parameter.findall(b";" + parameters) if name == b"charset"}
    return essence.strip(b" \t") == b"application/json" and charsets <= {b"utf-8"}


def check_body_fields(headers: Mapping[bytes, bytes]) -> None:
    """Raise `UnsupportedContentEncoding` or `BodyTooLarge` by what the headers say of the body."""
    if b"content-encoding" in headers:
        raise UnsupportedContentEncoding
    if int(headers.get(b"content-length", b"0")) > MAX_BODY_BYTES:
        raise BodyTooLarge
