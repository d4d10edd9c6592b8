"""Every answer in the tests is held against the contract's six headers and its version's OpenAPI document."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx2
import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from connect_appointments.web.api.openapi import document
from connect_appointments.web.api.versions import VERSIONS

SIX = [
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("pragma", "no-cache"),
    ("expires", "0"),
    ("x-frame-options", "DENY"),
]
NUMBERS = {str(version.number): version for version in VERSIONS}


async def check_answer(answer: httpx2.Response) -> None:
    """Fail unless the answer is one that the documents allow."""
    await answer.aread()
    check_six_headers([(name.lower(), value) for name, value in answer.headers.multi_items()])
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", answer.headers["x-request-id"])
    operation = find_operation(answer.request)
    if operation is not None:
        check_documented(answer, operation)


def check_six_headers(headers: list[tuple[str, str]]) -> None:
    """The six stand together, in order, once each. Source: contract section 2."""
    names = [name for name, _ in headers]
    first = names.index("x-content-type-options")
    assert headers[first : first + 6] == SIX
    assert all(names.count(name) == 1 for name, _ in SIX)


def find_operation(request: httpx2.Request) -> dict[str, Any] | None:
    """The operation of this request in its version's document; None for what is no operation."""
    version = request.headers.get("x-api-version", "").strip()
    paths = documented(version if version in NUMBERS else "7")["paths"]
    path = next((path for path in paths if _pattern(path).fullmatch(request.url.path)), "")
    return paths.get(path, {}).get(request.method.lower())


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """The URLs of a path: each parameter is one segment. Literal paths come before those with parameters."""
    return re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path))))


@cache
def documented(version: str) -> dict[str, Any]:
    """The document of a version, as a client would read it."""
    return msgspec.json.decode(msgspec.json.encode(document(NUMBERS[version])))


def check_documented(answer: httpx2.Response, operation: dict[str, Any]) -> None:
    """The status is listed, the headers listed for it are there, the body has the shape listed for it."""
    status = operation["responses"].get(str(answer.status_code))
    assert status is not None, f"{answer.status_code} is not documented for {operation['operationId']}"
    optional = {"Deprecation", "Link"} if answer.status_code in {400, 500} else set()
    optional |= {name for name, header in status["headers"].items() if header["$ref"].endswith("/NextPage")}
    missing = {name for name in status["headers"] if name not in answer.headers} - optional
    assert not missing, f"{answer.status_code} of {operation['operationId']} lacks {missing}"
    content = status.get("content")
    if content is None:
        assert answer.content == b""
        return
    media_type = answer.headers["content-type"]
    schema = {**content[media_type]["schema"], "components": documented("7")["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
