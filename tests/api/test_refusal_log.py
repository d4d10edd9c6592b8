"""What is logged of a request that is refused for a reason of ours: by its request id, and one outage once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from connect_appointments.core.errors import Unavailable
from connect_appointments.web.api.base_endpoint import PublicEndpoint
from connect_appointments.web.api.request import ServerContext
from tests.api.test_outages import no_keys
from tests.api.wire import Serve
from tests.in_process import InProcess

pytestmark = pytest.mark.engines("sqlite")


async def answered(give: Callable[[str], Any], *request_ids: str) -> list[Any]:
    """The log lines of these requests."""
    transport = InProcess(PublicEndpoint("a-page", give), ServerContext("https://connect.test"))
    with capture_logs() as logs:
        async with httpx2.AsyncClient(transport=transport, base_url="https://connect.test") as client:
            for request_id in request_ids:
                assert (await client.get("/", headers={"X-Request-Id": request_id})).status_code == 500
    return logs


async def test_the_request_that_meets_the_outage_first_names_it_and_the_others_say_nothing() -> None:
    def unreachable(_: str) -> None:
        raise Unavailable from ConnectionRefusedError("Connection refused")

    assert await answered(unreachable, "call-1", "call-2", "call-3") == [
        {
            "event": "database-lost",
            "reason": "ConnectionRefusedError: Connection refused",
            "request_id": "call-1",
            "log_level": "warning",
        }
    ]


async def test_a_refusal_for_another_reason_is_logged_for_every_request() -> None:
    def refused(_: str) -> None:
        raise Unavailable from LookupError("no usable key")

    logs = await answered(refused, "call-1", "call-2")
    assert [(line["event"], line["code"], line["request_id"]) for line in logs] == [
        ("refused", "temporarily-unavailable", "call-1"),
        ("refused", "temporarily-unavailable", "call-2"),
    ]


async def test_a_bug_is_logged_with_its_request_id() -> None:
    def broken(_: str) -> None:
        raise RuntimeError("a bug")

    (line,) = await answered(broken, "call-1")
    assert (line["event"], line["request_id"]) == ("unexpected-error", "call-1")


async def test_a_token_that_no_key_can_check_is_logged_with_its_request_id(serve: Serve) -> None:
    async with serve(keys=no_keys) as api:
        with capture_logs() as logs:
            answer = await api.alice.cancel(1, headers={"X-Request-Id": "call-1"})
    assert answer.status_code == 500
    lines = [line for line in logs if line["event"] == "refused"]
    assert [(line["request_id"], "no usable key" in line["reason"]) for line in lines] == [("call-1", True)]
