"""JSON from strangers."""

from __future__ import annotations

import json
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.api.bodies import MAX_BODY, MAX_DEPTH, decode
from dealflow.errors import InputInvalid

ANYTHING = msgspec.json.Decoder()


class Shape(msgspec.Struct):
    text: str
    number: int = 0


SHAPE = msgspec.json.Decoder(Shape)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_depth_is_limited() -> None:
    assert decode(nested(MAX_DEPTH), ANYTHING) is not None
    for depth in (MAX_DEPTH + 1, 1_000, MAX_BODY // 2):
        with pytest.raises(InputInvalid, match="nested"):
            decode(nested(depth), ANYTHING)
    wide = b"[" + b",".join([nested(MAX_DEPTH - 1)] * 50) + b"]"
    assert len(decode(wide, ANYTHING)) == 50


def test_brackets_in_text_are_no_depth() -> None:
    text = '[{"' * 100 + "\\"
    assert decode(json.dumps({"text": text}).encode(), SHAPE).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nul",
        b"\xff\xfe",
        b'{"text": "\xff"}',
        b'{"text": 1}',
        b'{"text": null}',
        b'{"number": 1}',
        b'{"text": "a", "number": 1e999}',
        b'{"text": "a", "number": ' + b"9" * 5000 + b"}",
        b'{"text": "a", "number": 1.5}',
        b"[]",
        b'"text"',
        b'\xef\xbb\xbf{"text": "a"}',
        '{"text": "a"}'.encode("utf-16"),
        b'{"text": "\\x"}',
        b'{"text": "\\u12"}',
        b'{"text": "a"} {"text": "b"}',
        b"NaN",
    ],
)
def test_what_is_no_such_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputInvalid):
        decode(data, SHAPE)


def test_a_wrong_type_is_named_with_its_place() -> None:
    with pytest.raises(InputInvalid, match=r"Expected `int`, got `str`.*\$\.number"):
        decode(b'{"text": "a", "number": "1"}', SHAPE)


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\ud83d\ude00", "😀"),
        (r"a\ud83d", "a\ufffd"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\ufffd"),
        (r"\u0000", "\x00"),
        (r"\uD800x", "\ufffdx"),
    ],
)
def test_lone_surrogates_become_replacement_characters(escaped: str, text: str) -> None:
    assert decode(f'{{"text": "{escaped}"}}'.encode(), SHAPE).text == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_text_comes_through_whole(text: str) -> None:
    assert decode(json.dumps({"text": text}).encode(), SHAPE).text == text


@given(st.lists(st.sampled_from(["\ud800", "\udfff", "\\", "u", "d", '"', "x", "😀"])))
def test_text_with_surrogates_never_fails(parts: list[str]) -> None:
    found = decode(json.dumps({"text": "".join(parts)}).encode(), SHAPE).text
    found.encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    try:
        decode(data, ANYTHING)
    except InputInvalid:
        return


@pytest.mark.parametrize("piece", [b"[]", b'"', b"\\", b"\\u", b"\\ud800", b'["', b"{", b"[1,"])
def test_a_full_body_of_one_piece_is_read_or_refused_quickly(piece: bytes) -> None:
    begun = time.perf_counter()
    with pytest.raises(InputInvalid):
        decode(piece * (MAX_BODY // len(piece)), ANYTHING)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("piece", [b'\\"', b"\\\\", b'\\""', b'""\\', b"\\"])
def test_a_string_that_never_ends_is_refused_quickly(piece: bytes) -> None:
    body = b'"' + piece * (MAX_BODY // len(piece)) + b"[" * (MAX_DEPTH + 1)
    begun = time.perf_counter()
    with pytest.raises(InputInvalid):
        decode(body, ANYTHING)
    assert time.perf_counter() - begun < 2
