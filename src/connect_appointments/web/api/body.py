"""Request bodies, decoded in two steps: from JSON to pairs, then from pairs to the fields of a message.

No JSON library does both as the contract requires (D9, D10): repeated keys are detected, `300.0` and `3e2` are integers
and `300.0000000000000000001` is not, and all invalid fields are reported at once.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from connect_appointments.core.errors import FieldError, InvalidFields
from connect_appointments.core.model import MAX_ID
from connect_appointments.web.api.refusals import MalformedBody

MAX_TEXT_CHARACTERS = 255
NOBODYS_ID = 0
"""Ids that exceed the database's integers are read as this unused id, so that both take the same code path."""

SMALL_DIGITS = 18
MAX_EXPONENT_DIGITS = 6
"""An exponent with more digits outweighs all the other digits that fit into a body."""

_number = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)(\d+))?", re.ASCII)
_date = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Message = TypeVar("Message", bound=msgspec.Struct)


class Number(str):
    """A JSON number in its original notation."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs, with repeated keys."""

    __slots__ = ()


class Wrong(Exception):
    """An error in a field: a code and a sentence."""


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


_JSON_SPACE = " \t\n\r"
_json = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def decode(body: bytes, message: type[Message]) -> Message:
    """Decode a body as a message.

    Raises `MalformedBody` if the body is not a JSON object, `InvalidFields` with every invalid field.
    """
    pairs = _pairs(body)
    wrong: list[FieldError] = []
    fields = dict(pairs)
    if len(fields) != len(pairs):
        counted = Counter(key for key, _ in pairs)
        wrong = [_error(key, "repeated", "must stand once") for key, times in counted.items() if times > 1]
    values = {}
    for name, key, read in _readers(message):
        try:
            values[name] = read(fields.get(key))
        except Wrong as error:
            wrong.append(_error(key, *error.args))
    if wrong:
        raise InvalidFields(*wrong)
    return message(**values)


def _pairs(body: bytes) -> Pairs:
    try:
        text = body.decode("utf-8").strip(_JSON_SPACE)
        # `JSONDecoder.decode` does the same, and takes twice the time for a short text.
        found, end = _json.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise MalformedBody from error
    if end != len(text) or not isinstance(found, Pairs):
        raise MalformedBody
    return found


def _error(key: str, code: str, detail: str) -> FieldError:
    escaped = key[:MAX_TEXT_CHARACTERS].replace("~", "~0").replace("/", "~1")
    return FieldError("#/" + quote(escaped, errors="replace"), code, detail)


@cache
def _readers(message: type[msgspec.Struct]) -> tuple[tuple[str, str, Callable[[Any], Any]], ...]:
    return tuple((field.name, field.encode_name, _reader(field.type)) for field in msgspec.structs.fields(message))


def _reader(kind: Any) -> Callable[[Any], Any]:
    return {int: read_integer, str: read_text, date: read_date}[getattr(kind, "__origin__", kind)]


def read_integer(value: object) -> int:
    """The exact integer of a number, or `NOBODYS_ID` if it exceeds the database's integers."""
    if value is None:
        raise Wrong("required", "is required, and must be an integer")
    if not isinstance(value, Number):
        raise Wrong("not-an-integer", "must be an integer")
    if len(value) <= SMALL_DIGITS and value.isdigit():
        return int(value)
    return _integer(value)


def _integer(value: Number) -> int:
    found = _number.fullmatch(value)
    if found is None:
        raise Wrong("not-an-integer", "must be an integer")
    sign, whole, fraction, exponent_sign, exponent = (part or "" for part in found.groups())
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0
    significant = digits.rstrip("0")
    exponent = exponent.lstrip("0")
    if len(exponent) > MAX_EXPONENT_DIGITS:
        zeros = -1 if exponent_sign == "-" else MAX_ID
    else:
        zeros = int(f"{exponent_sign}{exponent or 0}") - len(fraction) + len(digits) - len(significant)
    if zeros < 0:
        raise Wrong("not-an-integer", "must be an integer")
    if sign or len(significant) + zeros > len(str(MAX_ID)):
        return NOBODYS_ID
    number = int(significant) * 10**zeros
    return number if number <= MAX_ID else NOBODYS_ID


def read_text(value: object) -> str:
    """Text that every part of the service can store."""
    if value is None:
        raise Wrong("required", "is required, and must be a text")
    if isinstance(value, Number) or not isinstance(value, str):
        raise Wrong("not-a-text", "must be a text")
    if len(value) > MAX_TEXT_CHARACTERS:
        raise Wrong("too-long", f"must be at most {MAX_TEXT_CHARACTERS} characters long")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Wrong("forbidden-character", "must hold neither U+0000 nor half of a surrogate pair")
    return value


def read_date(value: object) -> date:
    """A valid date in the format YYYY-MM-DD."""
    text = read_text(value)
    if not _date.fullmatch(text):
        raise Wrong("not-a-date", "must be a date spelled YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong("not-a-date", "must be a date there is") from None
