"""The checks of single values: a CSV cell or a JSON value. The ValueError of a check says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from connect_appointments.cli.importing.problems import quoted
from connect_appointments.core.model import MAX_OWNER_CHARACTERS, SlotType, is_owner
from connect_appointments.workforce.regions import known_state, known_time_zone

Check = Callable[[Any], Any]

TEXT_CHARACTERS = 255
NOTES_CHARACTERS = 2000

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_DIGITS = re.compile(r"0|[1-9][0-9]{0,17}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def whole_number(first: int, last: int) -> Check:
    """A whole number in this range."""

    def check(value: object) -> int:
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not first <= number <= last:
            raise ValueError(f"must be a whole number from {first} to {last}")
        return number

    return check


def text(longest: int = TEXT_CHARACTERS) -> Check:
    """Text that both engines can store."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")  # noqa: TRY004 - a problem of the file, like all others
        if len(value) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if _UNSTORABLE.search(value):
            raise ValueError("contains U+0000 or half a surrogate pair")
        return value

    return check


def owner(value: object) -> str:
    """The name of the owner, as in a token. Source: contract D8."""
    name = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(name, str) or not is_owner(name):
        raise ValueError(f"must be text up to {MAX_OWNER_CHARACTERS} characters without control characters")
    return name


def area(value: object) -> str:
    """An area of the workforce system, spelled alike in orders and capacity."""
    found: str = text()(value)
    if found != found.strip():
        raise ValueError("must not begin or end with white space")
    return found


def time_zone(value: object) -> str:
    """An IANA time zone."""
    if not isinstance(value, str) or not known_time_zone(value):
        raise ValueError(f"must be an IANA time zone, like Australia/Brisbane, and is {quoted(value)}")
    return value


def state_of(country: str) -> Check:
    """A state or territory of the country, by the code of its holiday calendar."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not known_state(value, country):
            raise ValueError(f"must be the code of a state of {country}, like QLD, and is {quoted(value)}")
        return value

    return check


def flag(value: object) -> bool:
    """True or false, in any case: spreadsheets write it in capitals."""
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def day(value: object) -> date:
    """A calendar day."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f"must be a date like 2026-11-24, and is {quoted(value)}")


def slot_type(value: object) -> SlotType:
    """AM or PM."""
    if not isinstance(value, str) or value not in set(SlotType):
        raise ValueError(f"must be AM or PM, and is {quoted(value)}")
    return SlotType(value)
