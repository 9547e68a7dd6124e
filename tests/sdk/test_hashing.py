"""One payload, one hash, however it is spelt."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada._hashing import canonical_json, normal_form, payload_hash, stored_payload
from levada.contracts import CustomerPayload, InvoicePayload

MONEY = st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,9})?", fullmatch=True)
WHOLE = st.integers(-(2**63), 2**64 - 1)
MOMENT = st.datetimes(
    datetime(1970, 1, 1), datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))),
)  # fmt: skip


def customer(**fields):
    return CustomerPayload.model_validate_json(json.dumps({"customer_id": "1", "name": "Ada", **fields}))


@given(MONEY, MONEY)
def test_two_amounts_hash_alike_when_they_are_one_value(one, other):
    """The normal form is the value, not its spelling."""
    alike = payload_hash(customer(balance=one)) == payload_hash(customer(balance=other))
    assert alike == (Decimal(one) == Decimal(other))


@given(MONEY, st.integers(0, 3))
def test_zeros_at_the_end_mean_nothing(amount, zeros):
    """5.0 is 5.00."""
    longer = amount + ("" if "." in amount else ".") + "0" * (zeros + 1)
    if len(longer.partition(".")[2]) <= 9:
        assert payload_hash(customer(balance=amount)) == payload_hash(customer(balance=longer))


@given(MOMENT)
def test_a_moment_is_one_in_every_zone(moment):
    """The hash is of the instant; the stored payload keeps the zone it came in."""
    there, utc = customer(updated_at=moment.isoformat()), customer(updated_at=moment.astimezone(UTC).isoformat())
    assert payload_hash(there) == payload_hash(utc)
    assert datetime.fromisoformat(json.loads(stored_payload(there))["updated_at"]) == moment


def test_the_hash_is_of_the_canonical_form():
    """SHA-256 over compact, sorted UTF-8; written out here so that it never changes unseen."""
    model = customer(
        balance="-005.0",
        address={"city": "Zürich"},
        updated_at="2026-01-01T13:00:00.5+01:00",
        metadata={"b": 0.1, "a": [1, {"z": None, "y": True}]},
        active=True,
    )
    model.complete()
    written = (
        '{"active":true,"address":{"city":"Zürich"},"balance":"-5","customer_id":"1",'
        '"metadata":{"a":[1,{"y":true,"z":null}],"b":{"~float":"0.1"}},"name":"Ada","source_id":"1",'
        '"updated_at":"2026-01-01T12:00:00.500000Z"}'
    )
    assert canonical_json(normal_form(model)).decode() == written
    assert payload_hash(model) == hashlib.sha256(written.encode()).hexdigest()


def test_line_items_are_normalised_too():
    """Parts of a document are values as well."""

    def invoice(amount):
        payload = {"source_id": "1", "status": "open", "currency": "EUR", "total_amount": amount}
        return InvoicePayload.model_validate({**payload, "line_items": [{"amount": amount, "quantity": "1.0"}]})

    assert normal_form(invoice("5.00"))["line_items"] == [{"amount": "5", "quantity": "1"}]
    assert payload_hash(invoice("5.00")) == payload_hash(invoice("5.0"))
    assert payload_hash(invoice("5.00")) != payload_hash(invoice("5.01"))


@pytest.mark.parametrize("fields", [{"email": None}, {"metadata": {}}, {"balance": None}])
def test_what_is_not_there_is_not_hashed(fields):
    """Nothing, said aloud, is nothing."""
    assert payload_hash(customer(**fields)) == payload_hash(customer())


def test_fields_a_contract_excludes_do_not_count():
    """A contract may name what changes without meaning."""

    class Watched(CustomerPayload):
        hash_exclude = frozenset({"updated_at"})

    def watched(moment):
        return Watched(customer_id="1", name="Ada", updated_at=moment)

    assert payload_hash(watched("2026-01-01T00:00:00Z")) == payload_hash(watched("2027-01-01T00:00:00Z"))
    assert payload_hash(watched("2026-01-01T00:00:00Z")) != payload_hash(Watched(customer_id="1", name="Bo"))


def test_the_stored_payload_keeps_spellings_and_leaves_nothing_empty():
    """Defaults applied, nothing that is None."""
    model = customer(balance="5.00", email=None)
    model.complete()
    assert json.loads(stored_payload(model)) == {
        "customer_id": "1",
        "name": "Ada",
        "balance": "5.00",
        "metadata": {},
        "source_id": "1",
    }


@given(
    st.dictionaries(st.text(max_size=3), WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3))
)
def test_the_order_of_keys_means_nothing(metadata):
    """Free JSON has an order on the wire and none in the hash."""
    backwards = dict(reversed(metadata.items()))
    one, other = (CustomerPayload(customer_id="1", name="Ada", metadata=free) for free in (metadata, backwards))
    assert payload_hash(one) == payload_hash(other)
