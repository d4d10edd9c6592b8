"""The example of the documentation page for cancelling, byte for byte (contract, section 2)."""

from __future__ import annotations

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import requests
from tests.api.wire import is_cancelled, on_the_wire, open_wire
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite", "postgresql")


PAGE_EXAMPLE = """\
POST /api/connect/orders/appointment-requests/cancel HTTP/1.1
Content-Type: application/json;charset=UTF-8
Authorization: Bearer {token}
X-API-VERSION: {version}
Content-Length: 28
Host: localhost:8080

{{"appointmentRequestId":300}}"""


PAGE_ANSWER = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1; mode=block"),
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("X-Frame-Options", "DENY"),
]


@pytest.mark.parametrize("version", "1234567")
async def test_section_2_the_pages_example_gets_the_pages_answer_byte_for_byte(
    database: Database, api: Api, version: str
) -> None:
    await database.write(lambda transaction: requests.number_from(transaction, 300))
    assert await api.created(1) == 300
    async with on_the_wire(api) as port, open_wire(port) as wire:
        text = PAGE_EXAMPLE.format(token=api.alice.token, version=version)
        await wire.send(text.replace("\n", "\r\n").encode())
        answer = await wire.answer()
        assert answer.status_line == "HTTP/1.1 204 No Content"
        first = [name.lower() for name, _ in answer.fields].index("x-content-type-options")
        six = answer.fields[first : first + 6]
        assert [(name.lower(), value) for name, value in six] == [(name.lower(), value) for name, value in PAGE_ANSWER]
        for absent in ("content-type", "content-length", "location", "transfer-encoding"):
            assert answer.values(absent) == []
        assert bool(answer.values("deprecation")) is (version in "12")
        wire.half_close()
        assert await wire.ended()
    assert await is_cancelled(api, 300)
