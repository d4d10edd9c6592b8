"""The OpenAPI document of each version, generated from the tables of routes, versions and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from connect_appointments.core.errors import InvalidFields, NotFound, Refusal
from connect_appointments.web.api.links import LINKS
from connect_appointments.web.api.problems import (
    BY_CODE,
    FieldErrorMessage,
    ParameterErrorMessage,
    Problem,
    ProblemMessage,
)
from connect_appointments.web.api.refusals import HeadTimeout, MalformedRequest, PathNotFound, UnsupportedApiVersion
from connect_appointments.web.api.response import SECURITY_HEADERS
from connect_appointments.web.api.routes import OF_EVERY_BODY, OF_EVERY_CALL, ROUTES, Route, Success
from connect_appointments.web.api.values import DEFAULT_LIMIT, MAX_LIMIT, MAX_SAFE_INTEGER
from connect_appointments.web.api.versions import VERSIONS, Version

SCHEMAS = "#/components/schemas/{name}"

TAGS = {
    "appointment-requests": "A technician is wanted: create, read, cancel",
    "appointments": "A technician comes: book a slot, read the outcome, read and list appointments",
    "appointment-cancellations": "The technician is no longer wanted: cancel an appointment, read the outcome",
    "appointment-reschedules": "A technician comes at another time: reschedule an appointment, read the outcome",
}
OF_CODE = {InvalidFields.code: "errors", UnsupportedApiVersion.code: "supported"}
"""The member that only problems with this code have."""


def document(version: Version) -> dict[str, Any]:
    """The OpenAPI 3.1 document of one version; its server is the host that serves the document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, version)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "connect-appointments",
            "version": str(version.number),
            "summary": "Appointment-requests: create, offer slots, book one or cancel",
            "description": _description(version),
        },
        "servers": [
            {"url": "/", "description": "The server, production or test, that this is from", "x-internal": False}
        ],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": meaning} for name, meaning in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": _headers(version),
            "securitySchemes": {"bearer": BEARER},
        },
    }


BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the operator's issuer, checked as RFC8725 says",
}


def _description(version: Version) -> str:
    if version.deprecated:
        return "This version is deprecated: it answers as the newest does, and says so in a Deprecation header."
    return "Every call needs an OAuth access token and the version in X-API-VERSION. Permission failures are 404."


def _tag(route: Route) -> str:
    return next(segment for segment in route.path.split("/") if segment in TAGS)


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


NUMBER = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_SAFE_INTEGER}
LIMIT = {"type": "integer", "format": "int32", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
IN_PATH = {
    "n": "The number at the end of the Location",
    "id": "The id of the appointment",
    "orderId": "The id of the order",
}
IN_QUERY: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("limit", "The maximum number of items", LIMIT),
    ("after", "The last id of the page before; the next page has the older items", NUMBER),
)


def _parameters(route: Route, version: Version) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        _parameter(
            "header", "X-API-VERSION", "The version of the endpoint", {"type": "string", "enum": [str(version.number)]}
        ),
    ]
    found += [_parameter("path", name, IN_PATH[name], NUMBER) for name in IN_PATH if f"{{{name}}}" in route.path]
    if route.is_list:
        found += [{**_parameter("query", *row), "required": False} for row in IN_QUERY]
    if route.idempotency_key:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"}
        meaning = "The same key and body within 24 hours give the same answer"
        found.append({**_parameter("header", "Idempotency-Key", meaning, schema), "required": False})
    return found


def _parameter(place: str, name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "description": description, "schema": schema}


def _responses(route: Route, version: Version) -> dict[str, Any]:
    found = {str(success.status): _success(route, success, version) for success in route.successes}
    # A path can be similar to this route's path, but not match, only if it has a parameter.
    of_path = (PathNotFound,) if "{" in route.path else ()
    refused = (*OF_EVERY_CALL, *of_path, *(OF_EVERY_BODY if route.body else ()), *route.refusals)
    statuses = sorted({BY_CODE[refusal.code].status for refusal in refused})
    for status in statuses:
        problems = [_problem(route, one) for one in refused if BY_CODE[one.code].status == status]
        found[str(status)] = _refused(route, problems, status, version)
    return found


def _problem(route: Route, refusal: type[Refusal]) -> Problem:
    problem = BY_CODE[refusal.code]
    return problem._replace(title=route.not_found_title) if refusal is NotFound else problem


def _success(route: Route, success: Success, version: Version) -> dict[str, Any]:
    headers = _header_refs(success.status, version)
    if route.is_list:
        headers["Link"] = {"$ref": "#/components/headers/NextPage"}
    answer: dict[str, Any] = {"description": success.meaning, "headers": headers}
    if success.body is not None:
        schema = {"$ref": SCHEMAS.format(name=success.body.__name__)}
        answer["content"] = {"application/json": {"schema": schema}}
    links = LINKS.get((route.operation, success.status))
    if links is not None:
        answer["links"] = links
    return answer


BEFORE_ANY_VERSION = {MalformedRequest, HeadTimeout, UnsupportedApiVersion}


def _refused(route: Route, problems: Sequence[Problem], status: int, version: Version) -> dict[str, Any]:
    schema = _problem_schema(problems, ParameterErrorMessage if route.is_list else FieldErrorMessage)
    after_version = None if {problem.refusal for problem in problems} <= BEFORE_ANY_VERSION else version
    return {
        "description": ". ".join(dict.fromkeys(problem.title for problem in problems)),
        "headers": _header_refs(status, after_version),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _problem_schema(problems: Iterable[Problem], error: type[msgspec.Struct]) -> dict[str, Any]:
    """The problems of one status; problems with a member of their own have a separate schema.

    error: the message of one item of `errors`.
    """
    codes = sorted({problem.code for problem in problems})
    plain = [code for code in codes if code not in OF_CODE]
    schemas = [_narrowed([code], error, OF_CODE[code]) for code in codes if code in OF_CODE]
    if plain:
        schemas.append(_narrowed(plain, error))
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _narrowed(codes: Sequence[str], error: type[msgspec.Struct], *members: str) -> dict[str, Any]:
    _, found = _components()
    own = {name: found[ProblemMessage.__name__]["properties"][name] for name in members}
    if "errors" in own:
        own["errors"] = {**own["errors"], "items": {"$ref": SCHEMAS.format(name=error.__name__)}}
    properties = {"code": {"type": "string", "enum": codes}, **_without_defaults(own)}
    narrowed = {"type": "object", "properties": properties, "required": ["code", *members]}
    return {"allOf": [{"$ref": SCHEMAS.format(name=ProblemMessage.__name__)}, narrowed]}


def _without_defaults(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {key: schema[key] for key in schema if key != "default"} for name, schema in properties.items()}


NAMED_HEADERS = {
    "X-Request-Id": "The caller's request id, or one of ours; it is in every event and log line",
    "Location": "The URL of the outcome",
    "Retry-After": "Seconds to wait before asking again",
    "RateLimit": "What is left of your calls, and the seconds until all are given back",
    "RateLimit-Policy": "How many calls you may make, and in how many seconds",
    "WWW-Authenticate": "The challenge of RFC 6750",
    "Deprecation": "Since when the version is deprecated (RFC 9745)",
    "Link": "Where the deprecation is explained",
    "NextPage": 'The next page as rel="next", while there is more; where the deprecation of a version is explained',
}
OF_STATUS = {
    201: ["Location"],
    202: ["Retry-After"],
    401: ["WWW-Authenticate"],
    409: ["Retry-After"],
    429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
    500: ["Retry-After"],
    503: ["Retry-After"],
}
OF_DEPRECATED = ("Deprecation", "Link")
BEFORE_VERSION = {401, 431}
"""Statuses of responses that precede the version check, and so have no deprecation headers."""


def _header_refs(status: int, version: Version | None) -> dict[str, Any]:
    names = [_title(name) for name, _ in SECURITY_HEADERS] + ["X-Request-Id", *OF_STATUS.get(status, [])]
    if version is not None and version.deprecated and status not in BEFORE_VERSION:
        names += OF_DEPRECATED
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _title(name: bytes) -> str:
    return "-".join(part.upper() if part == "xss" else part.capitalize() for part in name.decode().split("-"))


def _headers(version: Version) -> dict[str, Any]:
    fixed = {
        _title(name): {
            "description": "On every answer",
            "required": True,
            "schema": {"type": "string", "enum": [value.decode()]},
        }
        for name, value in SECURITY_HEADERS
    }
    named = {
        name: {
            "description": text,
            # A response that precedes the version check has no header of a deprecated version.
            "required": name not in (*OF_DEPRECATED, "NextPage"),
            "schema": {"type": "string", "minLength": 1, "maxLength": 2048},
        }
        for name, text in NAMED_HEADERS.items()
        if version.deprecated or name not in OF_DEPRECATED
    }
    return {**fixed, **named}


def _schemas() -> dict[str, Any]:
    _, found = _components()
    problem = found[ProblemMessage.__name__]
    common = {name: schema for name, schema in problem["properties"].items() if name not in OF_CODE.values()}
    schemas = {**found, ProblemMessage.__name__: {**problem, "properties": common}}
    return {name: _plain_nulls(schema) for name, schema in sorted(schemas.items())}


@cache
def _components() -> tuple[Any, dict[str, Any]]:
    bodies = [route.body for route in ROUTES if route.body]
    answers = [success.body for route in ROUTES for success in route.successes if success.body]
    errors = [FieldErrorMessage, ParameterErrorMessage]
    return msgspec.json.schema_components([*bodies, *answers, ProblemMessage, *errors], ref_template=SCHEMAS)


def _plain_nulls(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Express "this or null" in the type, which more tools support than a list of alternatives."""
    properties = {
        name: {**found["anyOf"][0], "type": [found["anyOf"][0]["type"], "null"]} if "anyOf" in found else found
        for name, found in schema["properties"].items()
    }
    return {**schema, "properties": properties}


@cache
def encoded() -> Mapping[int, bytes]:
    """The encoded documents, as served and as committed, by version."""
    return {
        version.number: msgspec.json.format(msgspec.json.encode(document(version)), indent=2) + b"\n"
        for version in VERSIONS
    }
