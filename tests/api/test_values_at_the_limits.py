"""Ids and texts at the limits of what an engine can store or compare (D7, D9)."""

from __future__ import annotations

import pytest

from tests.api_client import BOOK, CANCEL, CREATE, Api

pytestmark = pytest.mark.engines("sqlite", "postgresql")


NOBODYS = {
    "D7 0": "0",
    "D7 -0": "-0",
    "D7 0.0": "0.0",
    "D7 0e999999999999": "0e999999999999",
    "D7 -1": "-1",
    "D7 -1e400": "-1e400",
    "D7 2^53": str(2**53),
    "D7 2^63-1": str(2**63 - 1),
    "D7 2^63": str(2**63),
    "D7 2^64+1": str(2**64 + 1),
    "D7 5,000 digits": "9" * 5000,
    "D7 16,000 digits": "9" * 16_000,
    "D9 9007199254740993.0": "9007199254740993.0",
    "D9 1e400": "1e400",
    "D9 1e9999999999999999999": "1e9999999999999999999",
}


@pytest.mark.parametrize("number", NOBODYS.values(), ids=NOBODYS)
async def test_an_id_nobody_has_is_the_404_of_every_unknown_id(shared_api: Api, number: str) -> None:
    bodies = {
        CANCEL: '{"appointmentRequestId":%s}',
        BOOK: '{"appointmentRequestId":%s,"slotId":"x"}',
        CREATE: '{"orderId":%s,"dateFrom":"2026-11-24"}',
    }
    for path, body in bodies.items():
        answer = await shared_api.alice.request("POST", path, content=(body % number).encode())
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("text", ["x" * 255, "😀" * 255, "", "'; DROP TABLE orders; --", "\u007f\u202e"])
async def test_d9_any_other_text_is_just_a_slot_that_was_never_offered(shared_api: Api, text: str) -> None:
    request_id, _ = await shared_api.opened(2)
    answer = await shared_api.alice.book(request_id, text)
    assert (answer.status_code, answer.json()["code"]) == (422, "slot-not-offered")


UNKNOWN_NUMBERS = [str(2**53), str(2**53 + 1), str(2**63 - 1), str(2**63), "9" * 19]


@pytest.mark.parametrize("number", UNKNOWN_NUMBERS, ids=lambda number: f"D7 {number}")
@pytest.mark.parametrize("path", [CREATE, BOOK])
async def test_d7_a_large_number_in_a_path_is_the_404_of_an_unknown_id(shared_api: Api, path: str, number: str) -> None:
    answer = await shared_api.alice.request("GET", f"{path}/{number}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
