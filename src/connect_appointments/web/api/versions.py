"""THE table of API versions. Source: the page, "Request Specifications"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import NamedTuple


class Version(NamedTuple):
    """A version, by its number in `X-API-VERSION`."""

    number: int
    deprecated: bool
    changes: str


VERSIONS = (
    Version(1, deprecated=True, changes="Initial Version"),
    Version(2, deprecated=True, changes="No Change"),
    Version(3, deprecated=False, changes="No Change"),
    Version(4, deprecated=False, changes="No Change"),
    Version(5, deprecated=False, changes="No Change"),
    Version(6, deprecated=False, changes="No Change"),
    Version(7, deprecated=False, changes="No Change"),
)

NUMBERS = [version.number for version in VERSIONS]
BY_HEADER = {b"%d" % version.number: version for version in VERSIONS}


@dataclass(frozen=True)
class Deprecation:
    """The dates of deprecated versions: their deprecation and their sunset (None: no sunset is planned)."""

    since: date = date(2025, 5, 26)
    sunset: date | None = None

    def headers(self, public_url: str) -> tuple[tuple[bytes, bytes], ...]:
        """The response headers of deprecated versions. Source: RFC 9745, RFC 8594."""
        since = int(_midnight(self.since).timestamp())
        link = f'<{public_url}/docs/versions>; rel="deprecation"; type="text/html"'
        found = [(b"deprecation", b"@%d" % since), (b"link", link.encode())]
        if self.sunset is not None:
            found.append((b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()))
        return tuple(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
