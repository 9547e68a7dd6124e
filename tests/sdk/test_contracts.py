"""What records are held to."""

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.payloads import SMALLEST

from levada.contracts import (
    CONTRACTS,
    CustomerPayload,
    InvoicePayload,
    record_errors,
)


def valid(document_type, **fields):
    payload = json.dumps({**SMALLEST[document_type], **fields})
    model = CONTRACTS[document_type].model_validate_json(payload)
    model.complete()
    return model


def wrong(document_type, **fields):
    contract = CONTRACTS[document_type]
    with pytest.raises(ValidationError) as caught:
        contract.model_validate_json(json.dumps({**SMALLEST[document_type], **fields}))
    return record_errors(caught.value, contract)


@pytest.mark.parametrize("spelt", ["0", "125.00", "-0.50", "007", "9" * 18, "1." + "9" * 9])
def test_money_keeps_its_spelling(spelt):
    """A decimal string is taken as it is."""
    assert valid("customer", balance=spelt).balance == spelt


@pytest.mark.parametrize(
    "value", [125, 1.5, "1,5", "1e3", " 1", "1 ", "1\n", "+1", ".5", "5.", "9" * 19, "1." + "9" * 10, "", True, "NaN"]
)
def test_money_that_is_no_decimal_string_is_refused_with_the_reason(value):
    """The message says why a number will not do, and does not repeat the value."""
    (error,) = wrong("customer", balance=value)
    assert (error.path, error.code) == ("balance", "money")
    assert "decimal string" in error.message
    assert "binary floating point" in error.message


@pytest.mark.parametrize("value", ["eur", "EURO", "E1R", "", 978, "ZZZ", "BTC"])
def test_a_currency_is_a_code_that_exists(value):
    """ISO 4217 alpha-3."""
    (error,) = wrong("customer", currency=value)
    assert (error.path, error.code) == ("currency", "currency")


@pytest.mark.parametrize(
    "value",
    ["2026-01-01T12:00:00", "2026-01-01", 1767225600, 1767225600.5, "1767225600", "yesterday", "2026-13-01T12:00:00Z"],
)
def test_a_moment_has_a_zone_and_is_no_number(value):
    """A moment without its zone is a guess, and so is a number."""
    (error,) = wrong("customer", updated_at=value)
    assert (error.path, error.code) == ("updated_at", "moment")
    assert "ISO 8601" in error.message


def test_moments_are_aware():
    """Any zone will do."""
    assert valid("customer", updated_at="2026-01-01T13:00:00+01:00").updated_at == datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00", "20260101", 20454, "1767225600", "01/02/2026", "2026-02-30"])
def test_a_date_has_one_spelling(value):
    """A date that needs interpreting is refused."""
    (error,) = wrong("bank_transaction", date=value)
    assert (error.path, error.code) == ("date", "date")


def test_python_code_may_hand_over_objects_or_their_spelling():
    """Authors who build a contract are checked like any other, by its fields."""
    by_object = InvoicePayload(
        source_id="1",
        status="open",
        currency="EUR",
        total_amount="1",
        due_date=date(2026, 1, 2),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    spelt = {
        **SMALLEST["invoice"],
        "total_amount": "1",
        "due_date": "2026-01-02",
        "issued_at": "2026-01-01T00:00:00+00:00",
    }
    assert InvoicePayload.model_validate(spelt) == by_object
    with pytest.raises(ValidationError, match="ISO 8601"):
        InvoicePayload.model_validate({**spelt, "issued_at": 1767225600})


def test_an_unknown_field_names_the_nearest():
    """A misspelt field is not lost in silence."""
    (error,) = wrong("customer", emial="a@b.co")
    assert (error.path, error.code) == ("emial", "extra_forbidden")
    assert "'email'" in error.message
    (error,) = wrong("invoice", line_items=[{"amount": "1"}, {"amuont": "1"}])
    assert error.path == "line_items[1].amuont"
    assert "'amount'" in error.message


def test_errors_never_repeat_a_value():
    """What is wrong may be a secret."""
    fields = {"name": 5, "balance": "hunter2", "updated_at": "hunter2", "tax_exempt": "hunter2", "address": "hunter2"}
    errors = wrong("customer", **fields)
    assert {error.path for error in errors} == set(fields)
    assert "hunter2" not in str(errors)


def test_texts_are_not_made_of_numbers():
    """A number for an identifier is a mistake at its root: leading zeros are gone already."""
    assert [error.path for error in wrong("customer", customer_id=7)] == ["customer_id"]
    assert [error.path for error in wrong("customer", customer_id="")] == ["customer_id"]
    assert [error.path for error in wrong("bank_transaction", pending="yes")] == ["pending"]


def test_dates_of_an_invoice_follow_from_one_another():
    """The document's date is that of its issue, in the zone of its issue, and takes effect then."""
    invoice = valid("invoice", issued_at="2026-01-31T23:30:00-05:00", effective_date=None)
    assert (invoice.document_date, invoice.effective_date) == (date(2026, 1, 31), date(2026, 1, 31))
    invoice = valid("invoice", document_date="2026-02-01", issued_at="2026-01-31T23:30:00Z")
    assert invoice.effective_date == date(2026, 2, 1)
    assert valid("invoice").effective_date is None


@pytest.mark.parametrize(
    ("given", "direction", "amount"),
    [
        ({"amount": "-12.50"}, "debit", "12.50"),
        ({"amount": "12.50"}, "credit", "12.50"),
        ({"amount": "12.50", "direction": "debit"}, "debit", "12.50"),
        ({"amount": "-12.50", "direction": "debit"}, "debit", "12.50"),
    ],
)
def test_a_bank_transactions_direction_defaults_to_its_sign(given, direction, amount):
    """The amount is positive; the direction says which way."""
    model = valid("bank_transaction", **given)
    assert (model.direction, model.amount) == (direction, amount)


@pytest.mark.parametrize(
    ("document_type", "field", "value"),
    [
        ("invoice", "status", "settled"),
        ("invoice", "approval_status", "maybe"),
        ("payment", "payment_method_type", "barter"),
        ("bank_account", "type", "mattress"),
        ("bank_transaction", "direction", "in"),
    ],
)
def test_closed_words_are_closed(document_type, field, value):
    """An enum takes its own words only."""
    assert [error.path for error in wrong(document_type, **{field: value})] == [field]


def test_a_refund_says_what_went_back_and_for_which_payment():
    """Its day has no hour, its status is the source's own word, and its amount is money like any other."""
    refund = valid(
        "refund_receipt", refund_date="2026-01-31", payment_id="p-1", credit_memo_id="c-1", reason="duplicate"
    )
    assert (refund.refund_date, refund.payment_id) == (date(2026, 1, 31), "p-1")
    assert [error.path for error in wrong("refund_receipt", refund_date="2026-01-31T10:00:00Z")] == ["refund_date"]
    assert [error.path for error in wrong("refund_receipt", total_amount=100)] == ["total_amount"]
    assert [error.path for error in wrong("refund_receipt", status="")] == ["status"]


def test_metadata_takes_the_rest():
    """Anything that JSON can carry, and it is there when nobody gave it."""
    assert valid("payment", metadata={"any": [1, {"thing": None}]}).metadata == {"any": [1, {"thing": None}]}
    assert valid("payment").metadata == {}


def test_contracts_validate_by_the_thousand():
    """A whole page is one call, and each failing record is told by its place."""
    adapter = TypeAdapter(list[CustomerPayload])
    page = [{"customer_id": str(at), "name": "Ada"} for at in range(1000)]
    assert len(adapter.validate_json(json.dumps(page))) == 1000
    page[7]["name"] = None
    with pytest.raises(ValidationError) as caught:
        adapter.validate_json(json.dumps(page))
    assert [error["loc"] for error in caught.value.errors()] == [(7, "name")]
