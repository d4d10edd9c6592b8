"""What a body may hold (D9, D10)."""

from __future__ import annotations

import httpx2
import pytest

from tests.api.sending import post
from tests.api_client import BOOK, CANCEL, CREATE, Api

pytestmark = pytest.mark.engines("sqlite")


def named(answer: httpx2.Response) -> list[tuple[str, str]]:
    """The fields that a 422 names, with what is wrong with each."""
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields"), answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


WRONG_NUMBERS = {
    "missing": (b"{}", "required"),
    "null": (b'{"appointmentRequestId":null}', "required"),
    "text": (b'{"appointmentRequestId":"300"}', "not-an-integer"),
    "empty text": (b'{"appointmentRequestId":""}', "not-an-integer"),
    "true": (b'{"appointmentRequestId":true}', "not-an-integer"),
    "false": (b'{"appointmentRequestId":false}', "not-an-integer"),
    "1.5": (b'{"appointmentRequestId":1.5}', "not-an-integer"),
    "-1.5": (b'{"appointmentRequestId":-1.5}', "not-an-integer"),
    "15e-1": (b'{"appointmentRequestId":15e-1}', "not-an-integer"),
    "1e-400": (b'{"appointmentRequestId":1e-400}', "not-an-integer"),
    "1e-9999999999999999999": (b'{"appointmentRequestId":1e-9999999999999999999}', "not-an-integer"),
    "300.0000000000000000001": (b'{"appointmentRequestId":300.0000000000000000001}', "not-an-integer"),
    "object": (b'{"appointmentRequestId":{}}', "not-an-integer"),
    "array": (b'{"appointmentRequestId":[]}', "not-an-integer"),
    "array of it": (b'{"appointmentRequestId":[300]}', "not-an-integer"),
    "another case of its name": (b'{"appointmentrequestid":300}', "required"),
}


@pytest.mark.parametrize(("body", "code"), WRONG_NUMBERS.values(), ids=[f"D9 {name}" for name in WRONG_NUMBERS])
async def test_d9_a_wrong_number_is_422_naming_the_field(shared_api: Api, body: bytes, code: str) -> None:
    assert named(await post(shared_api, body)) == [("#/appointmentRequestId", code)]


SAME_NUMBER = ["{0}", "{0}.0", "{0}.000000000000000000000000", "{0}e0", "{0}E-0", "{0}0e-1", "{0}00.0e-2", "0.{0}e{1}"]


@pytest.mark.parametrize("spelling", SAME_NUMBER, ids=[f"D9 {name}" for name in SAME_NUMBER])
async def test_d9_a_number_that_is_exactly_an_integer_is_that_integer(shared_api: Api, spelling: str) -> None:
    request_id = await shared_api.created(1)
    text = spelling.format(request_id, len(str(request_id)))
    answer = await post(shared_api, b'{"appointmentRequestId":%b}' % text.encode())
    assert answer.status_code == 204
    found = await shared_api.settled(lambda: shared_api.alice.read(request_id))
    assert found.json()["status"] == "cancelled"


@pytest.mark.parametrize("spelling", ["300", "300.0", "3e2", "3E+2", "30.0e1", "3000e-1"], ids="D9 {}".format)
async def test_d9_the_contracts_spellings_of_300_are_the_same_id(shared_api: Api, spelling: str) -> None:
    body = b'{"appointmentRequestId":%b}' % spelling.encode()
    # Bob has no appointment-request, whichever number Alice's have reached.
    assert (await shared_api.bob.request("POST", CANCEL, content=body)).status_code == 404


async def test_d9_unknown_fields_are_ignored_whatever_they_hold(shared_api: Api) -> None:
    for rest in [b'"a":1', b'"a":{"b":[1,{"a":1,"a":2}]}', b'"":null', b'"\\ud800":"\\ud800"', b'"a":"\\u0000"']:
        request_id = await shared_api.created(1)
        answer = await post(shared_api, b'{"appointmentRequestId":%d,%b}' % (request_id, rest))
        assert answer.status_code == 204


REPEATED = {
    "the same twice": (b'{"appointmentRequestId":1,"appointmentRequestId":1}', "#/appointmentRequestId"),
    "two ids": (b'{"appointmentRequestId":1,"appointmentRequestId":2}', "#/appointmentRequestId"),
    "one spelled with an escape": (
        b'{"appointmentRequestId":1,"appointmentRequest\\u0049d":2}',
        "#/appointmentRequestId",
    ),
    "an unknown one": (b'{"appointmentRequestId":1,"x":1,"x":1}', "#/x"),
    "an empty one": (b'{"appointmentRequestId":1,"":1,"":1}', "#/"),
    "one with ~ and /": (b'{"appointmentRequestId":1,"a~b/c":1,"a~b/c":1}', "#/a~0b~1c"),
    "one with ~1": (b'{"appointmentRequestId":1,"~1":1,"~1":1}', "#/~01"),
    "one with a space and a #": (b'{"appointmentRequestId":1,"a #":1,"a #":1}', "#/a%20%23"),
    "one beyond ASCII": ('{"appointmentRequestId":1,"é":1,"é":1}'.encode(), "#/%C3%A9"),
    "half of a surrogate pair": (b'{"appointmentRequestId":1,"\\ud800":1,"\\ud800":1}', "#/%3F"),
    "one with U+0000": (b'{"appointmentRequestId":1,"\\u0000":1,"\\u0000":1}', "#/%00"),
}


@pytest.mark.parametrize(("body", "pointer"), REPEATED.values(), ids=[f"D9 {name}" for name in REPEATED])
async def test_d9_a_repeated_key_is_422_naming_it(shared_api: Api, body: bytes, pointer: str) -> None:
    assert named(await post(shared_api, body)) == [(pointer, "repeated")]


async def test_d9_a_repeated_key_changes_nothing(shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    await post(shared_api, b'{"appointmentRequestId":%d,"appointmentRequestId":%d}' % (request_id, request_id))
    found = await shared_api.settled(lambda: shared_api.alice.read(request_id))
    assert found.json()["status"] == "open"


async def test_d9_two_thousand_repeated_keys_are_still_one_422(shared_api: Api) -> None:
    keys = ",".join(f'"{n}":1,"{n}":1' for n in range(800))
    assert len(named(await post(shared_api, f'{{"appointmentRequestId":1,{keys}}}'.encode()))) == 800


async def test_d9_a_very_long_repeated_key_is_named_by_its_beginning(shared_api: Api) -> None:
    key = "k" * 8000
    body = f'{{"appointmentRequestId":1,"{key}":1,"{key}":1}}'.encode()
    assert named(await post(shared_api, body)) == [("#/" + key[:255], "repeated")]


WRONG_TEXTS = {
    "missing": (b"{}", "required"),
    "null": (b'{"slotId":null}', "required"),
    "a number": (b'{"slotId":1}', "not-a-text"),
    "true": (b'{"slotId":true}', "not-a-text"),
    "object": (b'{"slotId":{}}', "not-a-text"),
    "array": (b'{"slotId":["x"]}', "not-a-text"),
    "U+0000": (b'{"slotId":"a\\u0000"}', "forbidden-character"),
    "256 characters": (b'{"slotId":"%b"}' % (b"x" * 256), "too-long"),
    "a lone surrogate": (b'{"slotId":"\\ud800"}', "forbidden-character"),
    "a surrogate pair the wrong way round": (b'{"slotId":"\\udc00\\ud800"}', "forbidden-character"),
}


@pytest.mark.parametrize(("rest", "code"), WRONG_TEXTS.values(), ids=[f"D9 {name}" for name in WRONG_TEXTS])
async def test_d9_a_wrong_text_is_422_naming_the_field(shared_api: Api, rest: bytes, code: str) -> None:
    body = b'{"appointmentRequestId":1,' + rest[1:] if rest != b"{}" else b'{"appointmentRequestId":1}'
    assert named(await post(shared_api, body, BOOK)) == [("#/slotId", code)]


async def test_d9_all_bad_fields_are_reported_at_once(shared_api: Api) -> None:
    assert named(await post(shared_api, b"{}", BOOK)) == [
        ("#/appointmentRequestId", "required"),
        ("#/slotId", "required"),
    ]
    body = b'{"orderId":"1","dateFrom":7,"x":1,"x":2,"orderId":1}'
    assert sorted(named(await post(shared_api, body, CREATE))) == [
        ("#/dateFrom", "not-a-text"),
        ("#/orderId", "repeated"),
        ("#/x", "repeated"),
    ]


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """Brackets within brackets."""
    return opening * depth + closing * depth


MALFORMED = {
    "empty body": b"",
    "white space": b" \r\n",
    "half an object": b'{"appointmentRequestId":',
    "no closing brace": b'{"appointmentRequestId":300',
    "two objects": b'{"appointmentRequestId":300}{"appointmentRequestId":300}',
    "a comma too many": b'{"appointmentRequestId":300,}',
    "no quotes": b"{appointmentRequestId:300}",
    "single quotes": b"{'appointmentRequestId':300}",
    "a comment": b'{"appointmentRequestId":300} // x',
    "a leading zero": b'{"appointmentRequestId":0300}',
    "a plus sign": b'{"appointmentRequestId":+300}',
    "hexadecimal": b'{"appointmentRequestId":0x12c}',
    "a number that ends in a point": b'{"appointmentRequestId":300.}',
    "a number that begins with one": b'{"appointmentRequestId":.5}',
    "an exponent without digits": b'{"appointmentRequestId":3e}',
    "digits of another script": '{"appointmentRequestId":٣٠٠}'.encode(),
    "NaN": b'{"appointmentRequestId":NaN}',
    "Infinity": b'{"appointmentRequestId":Infinity}',
    "-Infinity": b'{"appointmentRequestId":-Infinity}',
    "NaN in an unknown field": b'{"appointmentRequestId":300,"x":[NaN]}',
    "a control character in a text": b'{"appointmentRequestId":300,"x":"\n"}',
    "a bad escape": b'{"appointmentRequestId":300,"x":"\\x"}',
    "half an escape": b'{"appointmentRequestId":300,"x":"\\u12"}',
    "U+0000 behind it": b'{"appointmentRequestId":300}\x00',
    "a form feed before it": b'\x0c{"appointmentRequestId":300}',
    "a no-break space before it": '\u00a0{"appointmentRequestId":300}'.encode(),
    "bad UTF-8 in a value": b'{"appointmentRequestId":300,"x":"\xff"}',
    "bad UTF-8 in a key": b'{"appointmentRequestId":300,"\xc3":1}',
    "bad UTF-8 behind it": b'{"appointmentRequestId":300}\xff',
    "an overlong spelling": b'{"appointmentRequestId":300,"x":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"appointmentRequestId":300,"x":"\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"appointmentRequestId":300}',
    "UTF-16": '{"appointmentRequestId":300}'.encode("utf-16"),
    "UTF-32": '{"appointmentRequestId":300}'.encode("utf-32-le"),
    "a form": b"appointmentRequestId=300",
    "XML": b"<appointmentRequestId>300</appointmentRequestId>",
    "8,000 arrays deep": nested(8000),
    "16,000 arrays, never closed": b"[" * 16_000,
    "3,000 objects, never closed": b'{"a":' * 3000,
    "2,000 deep in an unknown field": b'{"appointmentRequestId":300,"x":%b}' % nested(2000),
    "2,000 objects deep in an unknown field": b'{"appointmentRequestId":300,"x":%b}'
    % nested(2000, b'{"a":', b"}").replace(b":}", b":1}"),
    "array": b'[{"appointmentRequestId":300}]',
    "empty array": b"[]",
    "array of pairs": b'[["appointmentRequestId",300]]',
    "number": b"300",
    "text": b'"300"',
    "true": b"true",
    "null": b"null",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=[f"D10 {name}" for name in MALFORMED])
@pytest.mark.parametrize("path", [CANCEL, CREATE, BOOK])
async def test_d10_what_is_no_json_object_is_400(shared_api: Api, path: str, body: bytes) -> None:
    answer = await post(shared_api, body, path)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-body")


@pytest.mark.parametrize("depth", [1, 10, 100, 200, 500, 900, 1000, 1500, 4000])
async def test_d10_any_depth_is_taken_or_refused_but_never_a_500(shared_api: Api, depth: int) -> None:
    for value in (nested(depth), nested(depth, b'{"a":[', b"]}")):
        body = b'{"appointmentRequestId":4611686018427387904,"x":%b}' % value
        if len(body) <= 16 * 1024:
            assert (await post(shared_api, body)).status_code == (404 if depth <= 100 else pytest.approx(402, abs=2))


@pytest.mark.parametrize("space", [b"", b" ", b"\t", b"\n", b"\r\n", b" \t\r\n " * 100])
async def test_d10_white_space_of_json_does_not_matter(shared_api: Api, space: bytes) -> None:
    request_id = await shared_api.created(1)
    parts = [b"{", b'"appointmentRequestId"', b":", str(request_id).encode(), b"}"]
    assert (await post(shared_api, space + space.join(parts) + space)).status_code == 204
