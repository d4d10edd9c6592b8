"""The OpenAPI document of each version, generated from the tables of routes, versions and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from connect_appointments.api.answers import SECURITY_HEADERS
from connect_appointments.api.problems import BY_CODE, ProblemMessage
from connect_appointments.api.refusals import UnsupportedApiVersion
from connect_appointments.api.routes import OF_EVERY_BODY, OF_EVERY_CALL, ROUTES, Route, Success
from connect_appointments.api.versions import VERSIONS, Version
from connect_appointments.core.errors import Refusal

SCHEMAS = "#/components/schemas/{name}"
MAX_SAFE_INTEGER = 2**53 - 1


def document(version: Version) -> dict[str, Any]:
    """The OpenAPI 3.1 document of one version; its server is wherever the document was found."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.verb.lower()] = _operation(route, version)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "connect-appointments",
            "version": str(version.number),
            "summary": "Appointment-requests: create, offer slots, book one or cancel",
            "description": _description(version),
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(route) for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": _headers(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _description(version: Version) -> str:
    if version.deprecated:
        return "This version is deprecated: it answers as the newest does, and says so in a Deprecation header."
    return "Every call needs an OAuth access token and the version in X-API-VERSION. Permission failures are 404."


def _tag(route: Route) -> str:
    return route.path.split("/")[4]


def _operation(route: Route, version: Version) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "tags": [_tag(route)],
        "summary": route.summary.split(":")[0].rstrip("."),
        "description": route.summary,
        "parameters": _parameters(route, version),
        "responses": _responses(route, version),
    }
    if version.deprecated:
        operation["deprecated"] = True
    if route.body is not None:
        schema = {"$ref": SCHEMAS.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route, version: Version) -> list[dict[str, Any]]:
    number = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_SAFE_INTEGER}
    found: list[dict[str, Any]] = [
        _parameter(
            "header", "X-API-VERSION", "The version of the endpoint", {"type": "string", "const": str(version.number)}
        ),
    ]
    if route.path.endswith("/{n}"):
        found.append(_parameter("path", "n", "The number at the end of the Location", number))
    if route.idempotency_key:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"}
        meaning = "The same key and body within 24 hours give the same answer"
        found.append({**_parameter("header", "Idempotency-Key", meaning, schema), "required": False})
    return found


def _parameter(place: str, name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "description": description, "schema": schema}


def _responses(route: Route, version: Version) -> dict[str, Any]:
    found = {str(success.status): _success(success, version) for success in route.successes}
    refused = (*OF_EVERY_CALL, *(OF_EVERY_BODY if route.body else ()), *route.refusals)
    statuses = sorted({BY_CODE[refusal.code].status for refusal in refused})
    for status in statuses:
        found[str(status)] = _refused([one for one in refused if BY_CODE[one.code].status == status], status, version)
    return found


def _success(success: Success, version: Version) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": success.meaning, "headers": _header_refs(success.status, version)}
    if success.body is not None:
        schema = {"$ref": SCHEMAS.format(name=success.body.__name__)}
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _refused(refused: Iterable[type[Refusal]], status: int, version: Version) -> dict[str, Any]:
    problems = [BY_CODE[refusal.code] for refusal in refused]
    narrowed = {"type": "object", "properties": {"code": {"enum": sorted({problem.code for problem in problems})}}}
    schema = {"allOf": [{"$ref": SCHEMAS.format(name=ProblemMessage.__name__)}, narrowed]}
    after_version = None if {problem.refusal for problem in problems} <= {UnsupportedApiVersion} else version
    return {
        "description": ". ".join(dict.fromkeys(problem.title for problem in problems)),
        "headers": _header_refs(status, after_version),
        "content": {"application/problem+json": {"schema": schema}},
    }


NAMED_HEADERS = {
    "X-Request-Id": "The caller's request id, or one of ours; it is in every event and log line",
    "Location": "The URL of the outcome",
    "Retry-After": "Seconds to wait before asking again",
    "WWW-Authenticate": "The challenge of RFC 6750",
    "Deprecation": "Since when the version is deprecated (RFC 9745)",
    "Link": "Where the deprecation is explained",
}
OF_STATUS = {201: ["Location"], 202: ["Retry-After"], 401: ["WWW-Authenticate"], 503: ["Retry-After"]}
BEFORE_VERSION = {401}
"""Statuses given before a version was accepted, so that they never carry its deprecation."""


def _header_refs(status: int, version: Version | None) -> dict[str, Any]:
    names = [_title(name) for name, _ in SECURITY_HEADERS] + ["X-Request-Id", *OF_STATUS.get(status, [])]
    if version is not None and version.deprecated and status not in BEFORE_VERSION:
        names += ["Deprecation", "Link"]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _title(name: bytes) -> str:
    return "-".join(part.upper() if part == "xss" else part.capitalize() for part in name.decode().split("-"))


def _headers() -> dict[str, Any]:
    fixed = {
        _title(name): {"description": "On every answer", "schema": {"type": "string", "const": value.decode()}}
        for name, value in SECURITY_HEADERS
    }
    named = {name: {"description": text, "schema": {"type": "string"}} for name, text in NAMED_HEADERS.items()}
    return {**fixed, **named}


def _schemas() -> dict[str, Any]:
    bodies = [route.body for route in ROUTES if route.body]
    answers = [success.body for route in ROUTES for success in route.successes if success.body]
    _, found = msgspec.json.schema_components([*bodies, *answers, ProblemMessage], ref_template=SCHEMAS)
    return dict(sorted(found.items()))


@cache
def encoded() -> Mapping[int, bytes]:
    """The documents as they are served and committed, by version."""
    return {
        version.number: msgspec.json.format(msgspec.json.encode(document(version)), indent=2) + b"\n"
        for version in VERSIONS
    }
