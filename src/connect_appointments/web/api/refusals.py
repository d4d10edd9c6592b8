"""Refusals of the HTTP layer, before any use case runs. The docstring of an exception is its message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from connect_appointments.core.errors import Refusal
from connect_appointments.web.api.versions import NUMBERS


class HttpRefusal(Refusal):
    """The server cannot answer the request."""

    headers: tuple[tuple[bytes, bytes], ...] = ()
    extra: ClassVar[Mapping[str, object]] = {}
    closes: ClassVar[bool] = False


class PathNotFound(HttpRefusal):
    """No such path. The paths are listed at /docs, and must be spelled exactly."""

    code = "path-not-found"


class MethodNotAllowed(HttpRefusal):
    """The path answers to the methods in the Allow header only."""

    code = "method-not-allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__()
        self.headers = ((b"allow", allowed.encode()),)


class InvalidHost(HttpRefusal):
    """Send exactly one Host header, and nothing in it but a host and a port."""

    code = "invalid-host"


class InvalidToken(HttpRefusal):
    """Send one Authorization header with a valid access token: Authorization: Bearer <token>."""

    code = "invalid-token"
    headers = ((b"www-authenticate", b'Bearer realm="connect"'),)


class RefusedToken(InvalidToken):
    """The access token is not valid for this service, or has expired. Request a new one from the token endpoint."""

    headers = ((b"www-authenticate", b'Bearer realm="connect", error="invalid_token"'),)


class UnsupportedApiVersion(HttpRefusal):
    """Send one X-API-VERSION header with one of the supported versions, in plain decimal."""

    code = "unsupported-api-version"
    extra: ClassVar[Mapping[str, object]] = {"supported": NUMBERS}


class UnsupportedMediaType(HttpRefusal):
    """Send the body as Content-Type: application/json, in UTF-8."""

    code = "unsupported-media-type"
    headers = ((b"accept-post", b"application/json"),)


class UnsupportedContentEncoding(HttpRefusal):
    """Send the body as it is, without a Content-Encoding."""

    code = "unsupported-content-encoding"
    headers = ((b"accept-encoding", b"identity"),)


class BodyTooLarge(HttpRefusal):
    """The body is larger than 16 KiB."""

    code = "body-too-large"
    closes = True


class BodyTimeout(HttpRefusal):
    """The body was not complete in time."""

    code = "body-timeout"
    closes = True


class MalformedRequest(HttpRefusal):
    """The bytes are not an HTTP/1.1 request that this server can read."""

    code = "malformed-request"
    closes = True


class HeadTimeout(HttpRefusal):
    """The header fields of the request were not complete in time."""

    code = "head-timeout"
    closes = True


class HeadTooLarge(HttpRefusal):
    """The target and the header fields of a request are at most 32 KiB, and the fields at most 100."""

    code = "head-too-large"
    closes = True


class TooManyRequests(HttpRefusal):
    """The owner has made too many calls. RateLimit-Policy has the allowed rate, Retry-After the seconds to wait."""

    code = "too-many-requests"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.headers = ((b"retry-after", b"%d" % retry_after_seconds),)


class MalformedBody(HttpRefusal):
    """The body is not a JSON object in UTF-8."""

    code = "malformed-body"


class InvalidIdempotencyKey(HttpRefusal):
    """An Idempotency-Key is one header of 1 to 255 printable ASCII characters."""

    code = "invalid-idempotency-key"


class UnexpectedError(HttpRefusal):
    """The service failed; its log has the requestId. The outcome is unknown; the request is safe to repeat."""

    code = "unexpected-error"
    retry_after_seconds = 2
