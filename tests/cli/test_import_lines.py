"""From bytes to rows: how a file is read, and what is said of one that cannot be."""

from __future__ import annotations

import pytest

from connect_appointments.cli.importing.lines import Form, Row, form_of, read_rows
from connect_appointments.cli.importing.problems import BadFile, Problem

COLUMNS = ["a", "b"]
ROWS = [Row(2, {"a": "1", "b": "2"}), Row(3, {"a": "3", "b": "4"})]


def read(content: bytes, form: Form = Form.CSV) -> list[Row | Problem]:
    return list(read_rows(content, form, COLUMNS))


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("orders.csv", b"{", Form.CSV),
        ("orders.CSV", b"", Form.CSV),
        ("orders.jsonl", b"id,owner", Form.JSON_LINES),
        ("orders.ndjson", b"", Form.JSON_LINES),
        ("-", b'{"id":1}', Form.JSON_LINES),
        ("-", b'\xef\xbb\xbf \n{"id":1}', Form.JSON_LINES),
        ("orders.txt", b"id,owner", Form.CSV),
        ("orders", b"", Form.CSV),
    ],
)
def test_the_form_is_told_by_the_name_or_else_by_the_content(name: str, content: bytes, form: Form) -> None:
    assert form_of(name, content) is form


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4\n",
        b"a,b\n1,2\n3,4",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b'"a","b"\n"1","2"\n"3","4"\n',
    ],
)
def test_csv_may_end_its_lines_in_any_way(content: bytes) -> None:
    assert read(content) == ROWS


def test_the_order_of_the_columns_is_free() -> None:
    assert read(b"b,a\n2,1\n4,3\n") == ROWS


def test_a_row_is_where_it_begins_also_after_blank_lines_and_quoted_ones() -> None:
    assert read(b'\na,b\n\n1,"x\ny\r\nz"\n3,4\n') == [
        Row(4, {"a": "1", "b": "x\ny\r\nz"}),
        Row(7, {"a": "3", "b": "4"}),
    ]


def test_a_header_alone_holds_no_rows() -> None:
    assert read(b"a,b\n") == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"a", "the header lacks b"),
        (b"c", "the header lacks a, b"),
        (b"a,b,c,d", 'the header has unknown columns "c", "d"'),
        (b"a,b,a", "the header repeats a"),
        (b"a;b", "the header lacks a, b"),
        (b"A,b", 'the header has unknown columns "A"'),
    ],
)
def test_a_header_that_does_not_fit_is_all_that_is_said(header: bytes, said: str) -> None:
    found = read(header + b"\n1,2\n")
    assert Problem(1, said) in found
    assert all(isinstance(item, Problem) and item.line == 1 for item in found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"1", "has 1 values, and the header has 2"),
        (b"1,2,3", "has 3 values, and the header has 2"),
        (b'"1"x,2', "is not CSV: "),
        (b"1," + b"x" * 200_000, "is not CSV: "),
    ],
)
def test_a_bad_line_of_csv_is_named_and_the_next_is_read(line: bytes, said: str) -> None:
    problem, row = read(b"a,b\n" + line + b"\n3,4\n")
    assert isinstance(problem, Problem)
    assert problem.line == 2
    assert problem.text.startswith(said)
    assert row == ROWS[1]


def test_a_quote_that_never_ends_is_named_where_it_begins() -> None:
    assert [(item.line, isinstance(item, Problem)) for item in read(b'a,b\n1,2\n3,"4\n5,6\n')] == [
        (2, False),
        (3, True),
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("form", Form)
def test_an_empty_file_is_bad(content: bytes, form: Form) -> None:
    with pytest.raises(BadFile) as bad:
        read(content, form)
    assert bad.value.problems == (Problem(None, "is empty"),)


@pytest.mark.parametrize("form", Form)
def test_every_line_that_is_not_utf8_is_named(form: Form) -> None:
    with pytest.raises(BadFile) as bad:
        read(b"a,b\r\n\xff,2\r\n3,4\r\nBrisbane\xe9,6\r\n\xc0\xaf,7", form)
    assert bad.value.problems == tuple(Problem(line, "is not UTF-8") for line in (2, 4, 5))


def test_utf16_is_not_utf8() -> None:
    with pytest.raises(BadFile):
        read("a,b\n1,2\n".encode("utf-16"))


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n"])
def test_json_lines_are_read_one_by_one(ending: bytes) -> None:
    content = b"\xef\xbb\xbf" + b'{"a":1,"b":"x"}' + ending + b' {"b":null,"a":true} ' + ending
    step = ending.count(b"\n")
    assert read(content, Form.JSON_LINES) == [Row(1, {"a": 1, "b": "x"}), Row(1 + step, {"a": True, "b": None})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "is not JSON"),
        (b"a,b", "is not JSON"),
        (b'{"a":1,"b":2} {}', "is not JSON"),
        (b'{"a":' + b"9" * 5000 + b',"b":2}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1, 2]", "is not a JSON object"),
        (b"1", "is not a JSON object"),
        (b'{"a":1}', "lacks b"),
        (b'{"a":1,"a":2,"b":3}', "repeats a"),
        (b'{"a":1,"b":2,"c":3,"c":4}', 'has unknown columns "c"'),
        (b'{"c\\u001b[31m":1,"a":1}', 'has unknown columns "c\\u001b[31m"; lacks b'),
    ],
)
def test_a_bad_line_of_json_is_named_and_the_next_is_read(line: bytes, said: str) -> None:
    found = read(line + b'\n{"a":3,"b":4}\n', Form.JSON_LINES)
    assert found == [Problem(1, said), Row(2, {"a": 3, "b": 4})]
