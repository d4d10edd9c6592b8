"""POST /api/connect/orders/appointment-requests/cancel."""

from __future__ import annotations

import pytest

from tests.api_client import Api


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_cancel_is_204_in_every_version(api: Api, version: str) -> None:
    request_id, _ = await api.opened(1)
    answer = await api.alice.cancel(request_id, headers={"X-API-VERSION": version})
    assert answer.status_code == 204
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"


async def test_booked_is_not_cancelled(api: Api) -> None:
    request_id, booking = await api.booked(1)
    assert booking.status_code == 200
    answer = await api.alice.cancel(request_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booked")
