"""Reading bodies, held against exact arithmetic and against bytes nobody would think of."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connect_appointments.core.errors import InvalidFields
from connect_appointments.core.model import MAX_ID
from connect_appointments.web.api.body import NOBODYS_ID, Number, Wrong, decode, read_date, read_integer, read_text
from connect_appointments.web.api.messages import BookSlotBody, CancelRequestBody, CreateRequestBody
from connect_appointments.web.api.refusals import MalformedBody

MESSAGES = (CancelRequestBody, CreateRequestBody, BookSlotBody)

digits = st.text("0123456789", min_size=1, max_size=60)
whole = st.one_of(st.just("0"), st.integers(1, 10**25).map(str), st.integers(MAX_ID - 2, MAX_ID + 2).map(str))
exponents = st.integers(-80, 400).map(str) | st.from_regex(r"[+-]0{0,9}[0-9]{1,2}", fullmatch=True)
numbers = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "-"]),
        whole,
        st.one_of(st.just(""), digits.map(".{}".format), st.integers(0, 40).map(lambda n: "." + "0" * n + "0")),
        st.one_of(st.just(""), exponents.map("e{}".format), exponents.map("E{}".format)),
    ),
)


def is_integer(text: str) -> bool:
    try:
        read_integer(Number(text))
    except Wrong:
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(numbers)
@example("300.0")
@example("3e2")
@example("300.0000000000000000001")
@example("9007199254740993.0")
@example("9223372036854775807")
@example("9223372036854775808")
@example("1e400")
@example("-0")
@example("0.0e-400")
@example("92233720368547758070e-1")
def test_d9_every_json_number_is_what_exact_arithmetic_says(text: str) -> None:
    exact = Fraction(text)
    assert is_integer(text) is (exact.denominator == 1)
    if exact.denominator == 1:
        assert read_integer(Number(text)) == (exact if 0 <= exact <= MAX_ID else NOBODYS_ID)


@given(st.integers(1, 15_000), st.integers(1_000_000, 10**40), st.sampled_from("eE"))
def test_d9_no_body_is_long_enough_to_outweigh_a_seven_digit_exponent(length: int, exponent: int, letter: str) -> None:
    assert read_integer(Number("9" * length + f"{letter}{exponent}")) == NOBODYS_ID
    assert read_integer(Number(f"0.{'0' * length}{letter}-{exponent}")) == NOBODYS_ID
    assert not is_integer("1" + "0" * length + f"{letter}-{exponent}")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["appointmentRequestId", "orderId", "dateFrom", "slotId", "x"])


def outcome(body: bytes, message: type[msgspec.Struct]) -> msgspec.Struct | None:
    """The message, or None when it was refused; anything else is raised."""
    try:
        return decode(body, message)
    except (MalformedBody, InvalidFields):
        return None


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(MESSAGES))
def test_d10_any_bytes_are_a_message_or_refused(body: bytes, message: type[msgspec.Struct]) -> None:
    outcome(body, message)


@settings(deadline=None)
@given(st.dictionaries(names, json_values), st.integers(0, 300), st.binary(max_size=3), st.sampled_from(MESSAGES))
def test_d10_any_damage_to_json_leaves_a_message_or_a_refusal(
    fields: dict[str, object], place: int, damage: bytes, message: type[msgspec.Struct]
) -> None:
    body = json.dumps(fields, allow_nan=False) if not _has_no_json(fields) else "{}"
    cut = min(place, len(body))
    outcome(body[:cut].encode() + damage + body[cut + 1 :].encode(), message)


def _has_no_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return True
    return False


@given(
    st.integers(1, MAX_ID), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=255)
)
def test_what_was_sent_is_what_is_read(number: int, text: str) -> None:
    body = json.dumps({"appointmentRequestId": number, "slotId": text}).encode()
    assert decode(body, BookSlotBody) == BookSlotBody(number, text)


@given(st.dates())
def test_d21_every_real_date_is_read(day: date) -> None:
    assert read_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-1-1",
        "20261124",
        "2026-W48-2",
        "0000-01-01",
        " 2026-11-24",
        "",
        "٢٠٢٦-11-24",
    ],
    ids="D21 {}".format,
)
def test_d21_no_other_text_is_a_date(text: str) -> None:
    with pytest.raises(Wrong):
        read_date(text)


@given(st.text(max_size=300))
def test_d9_a_text_is_kept_as_it_is_or_refused(text: str) -> None:
    fine = len(text) <= 255 and "\x00" not in text and text.encode("utf-8", "ignore").decode() == text
    try:
        assert read_text(text) == text
        assert fine
    except Wrong:
        assert not fine
