"""How a body may be labelled: media types, charsets, encodings (D11)."""

from __future__ import annotations

import json

import pytest

from tests.api.sending import post
from tests.api_client import CANCEL, Api

pytestmark = pytest.mark.engines("sqlite")


MEDIA_TYPES = [
    "application/json",
    "APPLICATION/JSON",
    "Application/Json",
    "application/json;charset=UTF-8",
    "application/json; charset=utf-8",
    "application/json ; charset=utf-8",
    'application/json; charset="utf-8"',
    'application/json;CHARSET="UTF-8"',
    "application/json; version=7",
    "application/json; x=y; charset=UTF-8; z",
    "application/json;",
    "  application/json  ",
    'application/json; x="charset=latin-1"',
]


@pytest.mark.parametrize("media_type", MEDIA_TYPES, ids=[f"D11 {name}" for name in MEDIA_TYPES])
async def test_d11_json_in_utf_8_is_taken_however_it_is_spelled(shared_api: Api, media_type: str) -> None:
    request_id = await shared_api.created(1)
    body = json.dumps({"appointmentRequestId": request_id}).encode()
    assert (await post(shared_api, body, Content_Type=media_type)).status_code == 204


OTHER_MEDIA_TYPES = [
    None,
    "",
    "text/plain",
    "text/json",
    "json",
    "application",
    "application/",
    "application/*",
    "*/*",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/vnd.api+json",
    "application/jsonp",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/json; charset=latin-1",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "application/json; charset=us-ascii",
    'application/json; charset="utf-16"',
    "application/json; charset=",
    "application/json; charset=utf-8é",
    "application/json; charset*=utf-16''utf-16",
    "application/json; charset*=nonsense'x'y",
    "application/json; charset=utf-8; charset=utf-16",
    "application /json",
]


@pytest.mark.parametrize("media_type", OTHER_MEDIA_TYPES, ids=[f"D11 {name}" for name in OTHER_MEDIA_TYPES])
async def test_d11_any_other_media_type_is_415_and_says_what_is_taken(shared_api: Api, media_type: str | None) -> None:
    request_id = await shared_api.created(1)
    answer = await shared_api.alice.request(
        "POST",
        CANCEL,
        content=b'{"appointmentRequestId":%d}' % request_id,
        headers={"Content-Type": media_type and media_type.encode()},  # type: ignore[dict-item]  # bytes as they are
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    assert answer.headers["accept-post"] == "application/json"
    found = await shared_api.settled(lambda: shared_api.alice.read(request_id))
    assert found.json()["status"] == "open"


async def test_d11_two_media_types_are_415(shared_api: Api) -> None:
    headers = [
        ("Authorization", f"Bearer {shared_api.alice.token}"),
        ("X-API-VERSION", "7"),
        ("Content-Type", "application/json"),
        ("Content-Type", "application/json"),
    ]
    answer = await shared_api.alice.request("POST", CANCEL, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "identity", "br", "x", ""], ids="D11 {}".format)
async def test_d11_a_content_encoding_is_415_and_says_what_is_taken(shared_api: Api, encoding: str) -> None:
    answer = await post(shared_api, b'{"appointmentRequestId":1}', Content_Encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-content-encoding")
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1", "*/*;q=0", "nonsense", ""], ids="D11 {}".format)
async def test_d11_accept_is_ignored(shared_api: Api, accept: str) -> None:
    request_id, _ = await shared_api.opened(1)
    headers = {"Accept": accept}
    assert (await shared_api.alice.read(request_id, headers=headers)).headers["content-type"] == "application/json"
    assert (await shared_api.alice.cancel(request_id, headers=headers)).status_code == 204
    assert (await shared_api.alice.cancel(0, headers=headers)).headers["content-type"] == "application/problem+json"
