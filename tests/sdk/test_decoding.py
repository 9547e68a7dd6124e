"""JSON as values: what is read fast is what the standard library reads, and so is what is refused."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from levada._encoding import decode_json

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def read(reader, data):
    """What comes of it, told apart to the last bit and type."""
    try:
        return repr(reader(data))
    except ValueError:
        return "no JSON"


@given(ANYTHING, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_is_written_is_read_as_the_standard_library_reads_it(value, ascii_only, indent):
    """Halves of surrogate pairs, NaN and integers of any length included."""
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(errors="surrogatepass")
    assert read(decode_json, data) == read(json.loads, data)


@settings(max_examples=500)
@given(st.from_regex(rb"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?\Z"))
@example(b"1.7976931348623159e308")
@example(b"-1e400")
@example(b"2.4703282292062327e-324")
@example(b"9007199254740993.0")
@example(b"18446744073709551616")
@example(b"-0")
def test_every_number_is_the_same_number(data):
    """A source's amounts are not rounded in another way because they are read faster."""
    assert read(decode_json, data) == read(json.loads, data)


@settings(max_examples=500)
@given(ANYTHING, st.data())
def test_what_is_broken_is_refused_where_the_standard_library_refuses_it(value, data):
    """Nothing more and nothing less is JSON."""
    whole = json.dumps(value).encode()
    cut = data.draw(st.integers(0, len(whole)))
    broken = whole[:cut] + data.draw(st.binary(max_size=3)) + whole[data.draw(st.integers(cut, len(whole))) :]
    assert read(decode_json, broken) == read(json.loads, broken)


@pytest.mark.parametrize(
    "data",
    [
        '{"name": "Zoë"}'.encode("utf-8-sig"),
        '{"name": "Zoë"}'.encode("utf-16"),
        rb'"half a pair: \ud83d"',
        b"[" * 400 + b"]" * 400,
        b"1" * 4_000,
        b'{"a": 1, "a": 2}',
    ],
)
def test_what_the_fast_reader_does_not_know_is_read_all_the_same(data):
    """The standard library is asked then."""
    assert decode_json(data) == json.loads(data)


def test_what_is_nested_without_end_is_refused_and_does_no_harm():
    """It is the error that the standard library has for it."""
    with pytest.raises(RecursionError):
        decode_json(b"[" * 100_000)
