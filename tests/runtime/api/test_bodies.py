"""What a body may be: its size, its type and its JSON, refused with the place and never with a surprise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.api.bodies import read_json
from levada_runtime.api.envelopes import Refusal

pytestmark = pytest.mark.databases("sqlite")
CUSTOMER = {"customer_id": "c-1", "name": "Ada"}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner)
    ),
)


@given(VALUES)
def test_what_is_json_is_read_as_it_was_written(value):
    """Nothing is changed, rounded or dropped on the way in."""
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused(raw):
    """There is no third way."""
    refused = None
    try:
        read_json(raw)
    except Refusal as refusal:
        refused = refusal
    assert refused is None or (refused.status_code == 400 and refused.code in ("invalid_json", "invalid_value"))


@pytest.mark.parametrize(
    ("raw", "code", "named"),
    [
        (b"", "invalid_json", "empty"),
        (b" \n", "invalid_json", "empty"),
        (b"{", "invalid_json", "line 1 column 1"),
        (b'{"a": 1,\n "b" 2}', "invalid_json", "line 2"),
        (b'{"a": NaN}', "invalid_json", "column 7"),
        (b"[Infinity]", "invalid_json", "column 2"),
        (b'"\xff"', "invalid_json", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "invalid_json", "column 1"),
        (b'["\\ud800"]', "invalid_json", "stands for no character"),
        (b'{"a": {"b": 1, "b": 2}}', "invalid_json", "'b' twice"),
        (b"[" * 202 + b"]" * 202, "invalid_json", "nested too deeply"),
        (b"[" * 100_000, "invalid_json", "nested too deeply"),
        (b"9" * 5_000, "invalid_json", "out of range"),
        (b'{"a": [0, {"b": "x\\u0000"}]}', "invalid_value", "a[1].b holds U+0000"),
        (b'{"a\\u0000": 1}', "invalid_value", "U+0000"),
        (b'{"a": 18446744073709551616}', "invalid_value", "a is an integer beyond 64 bits"),
        (b"[-9223372036854775809]", "invalid_value", "[0] is an integer beyond 64 bits"),
        (b'{"a": 1e400}', "invalid_value", "a is a number too large"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_place(raw, code, named):
    """Line and column of what cannot be read, the path of what cannot be kept."""
    with pytest.raises(Refusal) as caught:
        read_json(raw)
    assert (caught.value.status_code, caught.value.code) == (400, code)
    assert named in caught.value.detail


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/vnd.api+json",
    ],
)
def test_json_is_read_with_or_without_its_type(standing, kind):
    """A body without a Content-Type counts as JSON."""
    answer = standing.post("/v1/customers", raw=json.dumps(CUSTOMER).encode(), headers={"content-type": kind})
    assert answer.status in (200, 201)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-type": "nonsense"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_another_type_of_body_is_refused(standing, headers):
    """415 that names what is read here."""
    status, body, _ = standing.post("/v1/customers", raw=b"{}", headers=headers)
    assert (status, body["code"]) == (415, "unsupported_media_type")
    assert "application/json" in body["message"] or "send it as it is" in body["message"]


def test_a_body_over_the_cap_is_refused_before_it_is_read_to_its_end(api, installation):
    """By what the caller declares, and by what really comes."""
    limit = installation.settings.api.max_body
    large = b'"' + b"x" * limit + b'"'
    for headers in ({"content-length": str(len(large))}, {}):
        status, body, _ = api.post("/v1/customers", raw=large, headers=headers)
        assert (status, body["code"]) == (413, "payload_too_large")
        assert str(limit) in body["message"]


def test_whoever_has_no_key_is_told_so_before_a_body_is_read(standing):
    """Not even its type is looked at."""
    assert standing.post("/v1/customers", raw=b"{", headers={"content-type": "text/plain"}, key=None).status == 401
