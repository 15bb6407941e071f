"""JSON of model files: what is plain comes back, and every oddity is refused by name."""

from __future__ import annotations

import json

import pytest

from geartrain.saving import plain

GOOD = {"a": [1, -2.5, 1e-7, True, None, 'ü " [{ \\', {"b": {}}, []], "": "😀"}


def test_plain_data_comes_back():
    for text in (json.dumps(GOOD), json.dumps(GOOD, ensure_ascii=False, indent=2)):
        assert plain.parse(text.encode(), "x") == GOOD
    assert plain.parse(plain.dump(GOOD), "x") == GOOD


@pytest.mark.parametrize(
    "text, message",
    [
        (b"[" * 100_000, r"x: expected at most 64 levels .* Received: more"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, r"x: expected at most 64 levels"),
        (b'{"a": NaN}', r"x: expected finite numbers. Received: NaN"),
        (b"[Infinity]", r"x: expected finite numbers. Received: Infinity"),
        (b"[-Infinity]", r"x: expected finite numbers. Received: -Infinity"),
        (b"[1e999]", r"that a float64 can hold. Received: 1e999, of 5 digits"),
        (b"[" + b"1" * 5000 + b"]", r"at most 400 digits .* Received: 1{20}\.\.\., of 5000"),
        (b"[0." + b"1" * 5000 + b"]", r"at most 400 digits"),
        (b'{"a": 1, "b": 2, "a": 3}', r"x: expected each key once .* Received: 'a' twice"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', r"Received: 'b' twice"),
        (b"", r"x: expected JSON in UTF-8"),
        (b"{'a': 1}", r"x: expected JSON in UTF-8"),
        (b"[1] [2]", r"x: expected JSON in UTF-8"),
        (b'["\xff"]', r"x: expected JSON in UTF-8"),
        (b'["\\ud800"]', r"x: expected JSON in UTF-8"),
        (b'["a', r"x: expected JSON in UTF-8"),
        ('{"a": 1}'.encode("utf-16"), r"x: expected JSON in UTF-8"),
    ],
)
def test_oddities_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        plain.parse(text, "x")


def test_brackets_in_strings_are_no_depth():
    text = json.dumps({"a": "[" * 1000 + '"' + "{" * 1000})
    assert plain.parse(text.encode(), "x")["a"].count("[") == 1000


def test_depth_up_to_the_bound_is_read():
    assert plain.parse(b"[" * 64 + b"]" * 64, "x")
    with pytest.raises(ValueError, match="at most 64 levels"):
        plain.parse(b"[" * 65 + b"]" * 65, "x")


def test_numbers_up_to_the_bound_are_read():
    assert plain.parse(b"1" * 400, "x") == int("1" * 400)
    assert plain.parse(b"0." + b"1" * 398, "x") == float("0." + "1" * 398)
    with pytest.raises(ValueError, match=r"at most 400 digits .* of 401 digits"):
        plain.parse(b"1" * 401, "x")
    with pytest.raises(ValueError, match=r"at most 400 digits .* of 401 digits"):
        plain.parse(b"0." + b"1" * 399, "x")


def test_a_text_over_the_bound_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(plain, "MOST_BYTES", 10)
    assert plain.parse(b'"12345678"', "x") == "12345678"
    with pytest.raises(ValueError, match=r"x: expected a text of at most 10 bytes. Received: 11"):
        plain.parse(b'"123456789"', "x")


def test_writing_refuses_what_reading_would():
    with pytest.raises(ValueError, match="not JSON compliant"):
        plain.dump(float("nan"))
