"""Values as strict JSON."""

import dataclasses
import enum
import json
from collections import UserDict
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import CustomerPayload, NotJson, Record
from levada._encoding import encode_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


class Colour(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    at: date


@given(JSON)
def test_what_json_can_carry_arrives_as_it_left(value):
    """Encoding loses nothing of plain JSON."""
    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        ((1, 2), [1, 2]),
        (UserDict(a=1), {"a": 1}),
        (Point(1, date(2026, 1, 2)), {"x": 1, "at": "2026-01-02"}),
        (
            CustomerPayload(customer_id="1", name="Ada", balance="1.50"),
            {"customer_id": "1", "name": "Ada", "balance": "1.50"},
        ),
    ],
)
def test_natural_values_have_one_spelling(value, expected):
    """Authors hand over what they have."""
    assert json.loads(encode_json({"value": value})) == {"value": expected}


def test_a_contract_leaves_out_what_was_not_set():
    """What a default fills is filled where the payload is stored, not where it is made."""
    assert "metadata" not in json.loads(encode_json(CustomerPayload(customer_id="1", name="Ada")))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, {"b": float("nan")}]}, "a[1].b"),
        ({"a": float("-inf")}, "a"),
        ({"a": "x\ud800"}, "a"),
        ({"a": {"\udfff": 1}}, "a"),
        ({"a": 2**64}, "a"),
        ({"a": -(2**63) - 1}, "a"),
        ({"a": b"x"}, "a"),
        ({"a": {1, 2}}, "a"),
        ({"a": {1: 2}}, "a"),
        ({"a": Decimal("NaN")}, "a"),
        ({"a": object()}, "a"),
        (object(), ""),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(value, path):
    """The author is led to the very value."""
    with pytest.raises(NotJson) as caught:
        encode_json(value)
    assert caught.value.path == path


def test_a_value_that_contains_itself_is_refused():
    """Endless depth is named, not met as a crash."""
    endless = []
    endless.append(endless)
    with pytest.raises(NotJson, match="deeper"):
        encode_json(endless)


def test_a_record_is_a_payload():
    """An author's own model may be handed over."""

    class Row(Record):
        customer_id: str

    assert json.loads(encode_json(Row(customer_id="1"))) == {"customer_id": "1"}
