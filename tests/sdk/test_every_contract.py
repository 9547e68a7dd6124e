"""What holds for every document type, shown on its smallest and its full payload."""

import json
from datetime import date

import jsonschema_rs
import pytest
from pydantic import ValidationError
from tests.payloads import FULL, SMALLEST

from levada._hashing import normal_form, payload_hash, stored_payload
from levada.contracts import CONTRACTS, Contract, record_errors

TYPES = sorted(CONTRACTS)
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PLURALS = {"journal_entry": "journal-entries"}
PINNED = {
    "account": ("8676f5a3e93e444a", "535d679941d4bf82"),
    "bank_account": ("2c4dda78cce23639", "89da6a4cda99754b"),
    "bank_transaction": ("786dbd9e2a4f59ec", "ed10eaee90551372"),
    "bank_transfer": ("385a033005ef81dd", "6d116f051080c1db"),
    "bill_payment": ("5ec4c033f21a4cb5", "13b255d647a0cc78"),
    "credit_memo": ("861211e30acea24c", "c1a1226aa2e6a605"),
    "customer": ("99a321b0dca77cc7", "e2ff4fe3f0893b10"),
    "deposit": ("671b0dc464bcdd41", "01ee258cd8cd9dfc"),
    "expense": ("517a68a7854801a1", "a5285e5ee9fee3fb"),
    "invoice": ("861211e30acea24c", "492e7638e7b8f3af"),
    "item": ("40c76b4ded350798", "958e9887ac1bf401"),
    "journal_entry": ("66e326971804691a", "6360525e713798b3"),
    "payment": ("47a27269689374f6", "c436cb16a9283047"),
    "purchase_order": ("951edd25ec4d8ef9", "ae23d5f71432f99d"),
    "quote": ("7bf4350b19352245", "cab01a81f1c84b2e"),
    "refund_receipt": ("96d0e1bad326eb1b", "9f4c20dd21c047d8"),
    "sales_order": ("05494a661ade7975", "a7fb8f8ecef3ac20"),
    "sales_receipt": ("4b689c3ba3ec5b36", "5b8e64d4d79db254"),
    "vendor": ("7bb94e13523a7f1b", "ff301dfbba664f23"),
    "vendor_bill": ("2088fbee46014ac2", "0b160068aa0167de"),
    "vendor_credit": ("2088fbee46014ac2", "492d211dd823a911"),
}
"""The first half of the hash of each type's smallest and full payload, as they are for all of version 1."""


def validated(document_type, payload):
    model = CONTRACTS[document_type].model_validate_json(json.dumps(payload))
    model.complete()
    return model


def wrong(document_type, **fields):
    contract = CONTRACTS[document_type]
    with pytest.raises(ValidationError) as caught:
        contract.model_validate_json(json.dumps({**SMALLEST[document_type], **fields}))
    return record_errors(caught.value, contract)


def test_there_are_examples_of_every_type():
    """The tables speak of all of them."""
    assert set(SMALLEST) == set(FULL) == set(CONTRACTS)
    assert len(CONTRACTS) == 21


@pytest.mark.parametrize("document_type", TYPES)
def test_names_follow_the_document_type(document_type):
    """CamelCase and `Payload` for the class, dashes and a plural for the URL."""
    contract = CONTRACTS[document_type]
    assert contract.__name__ == "".join(word.title() for word in document_type.split("_")) + "Payload"
    assert contract.plural == PLURALS.get(document_type, document_type.replace("_", "-") + "s")
    assert contract.version == 1


@pytest.mark.parametrize("document_type", TYPES)
def test_each_field_of_the_smallest_payload_is_required_and_no_other(document_type):
    """The smallest payload is valid, and without any of its fields it is not."""
    validated(document_type, SMALLEST[document_type])
    fields = CONTRACTS[document_type].model_fields
    assert {name for name, field in fields.items() if field.is_required()} == set(SMALLEST[document_type])
    for name in SMALLEST[document_type]:
        rest = {one: value for one, value in SMALLEST[document_type].items() if one != name}
        with pytest.raises(ValidationError):
            validated(document_type, rest)


@pytest.mark.parametrize("document_type", TYPES)
def test_the_full_payload_has_every_field(document_type):
    """What a field is for is shown once at least, and its value comes back as it went in."""
    model = validated(document_type, FULL[document_type])
    assert set(FULL[document_type]) | {"source_id"} == set(type(model).model_fields)
    assert all(value is not None for value in model.__dict__.values())


@pytest.mark.parametrize("document_type", TYPES)
def test_the_identity_becomes_the_source_id(document_type):
    """Whatever a type calls its identity, `source_id` has it."""
    model = validated(document_type, SMALLEST[document_type])
    assert model.source_id == getattr(model, model.identity_field) == "1"
    assert [one.path for one in wrong(document_type, **{model.identity_field: ""})] == [model.identity_field]


@pytest.mark.parametrize("document_type", TYPES)
def test_the_source_time_is_a_field_of_the_contract(document_type):
    """Where a type names one, it holds a moment."""
    name = CONTRACTS[document_type].source_time_field
    assert name in (None, "updated_at")
    if name is not None:
        assert [one.code for one in wrong(document_type, **{name: "yesterday"})] == ["moment"]


@pytest.mark.parametrize("document_type", TYPES)
@pytest.mark.parametrize("table", [SMALLEST, FULL], ids=["smallest", "full"])
def test_the_normal_form_is_one_however_often_it_is_made(document_type, table):
    """What is stored, validated again, hashes to what it was: a document that is read and sent back is unchanged."""
    model = validated(document_type, table[document_type])
    again = validated(document_type, json.loads(stored_payload(model)))
    assert payload_hash(again) == payload_hash(model)
    assert normal_form(again) == normal_form(model)
    model.complete()
    assert payload_hash(again) == payload_hash(model)


@pytest.mark.parametrize("document_type", TYPES)
def test_the_normal_form_never_changes_within_a_version(document_type):
    """A hash that changed would make a new version of every document there is."""
    hashes = [payload_hash(validated(document_type, table[document_type])) for table in (SMALLEST, FULL)]
    assert tuple(one[:16] for one in hashes) == PINNED[document_type]


@pytest.mark.parametrize("document_type", TYPES)
def test_a_contract_is_a_json_schema_of_draft_2020_12(document_type):
    """It takes the valid payloads, and refuses numbers for money, unknown fields and what lacks a required one."""
    schema = json.loads(json.dumps(CONTRACTS[document_type].model_json_schema()))
    jsonschema_rs.meta.validate({"$schema": DRAFT, **schema})
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert schema["additionalProperties"] is False
    assert all(validator.is_valid(table[document_type]) for table in (SMALLEST, FULL))
    assert not validator.is_valid({**SMALLEST[document_type], "no_such_field": 1})
    for name, value in SMALLEST[document_type].items():
        assert not validator.is_valid({**SMALLEST[document_type], name: 5 if isinstance(value, str) else "x"})
        assert not validator.is_valid({one: v for one, v in SMALLEST[document_type].items() if one != name})


@pytest.mark.parametrize("document_type", TYPES)
def test_an_unknown_field_names_the_nearest(document_type):
    """One letter too many is told by the name that was meant, whichever field it is."""
    for name in CONTRACTS[document_type].model_fields:
        (error,) = wrong(document_type, **{f"{name}x": "1"})
        assert (error.path, error.code) == (f"{name}x", "extra_forbidden")
        assert f"did you mean '{name}'?" in error.message


@pytest.mark.parametrize("document_type", TYPES)
def test_no_field_takes_a_value_of_another_kind(document_type):
    """A boolean stands for no text, number, list or object, and one for nothing else."""
    for name, described in CONTRACTS[document_type].model_json_schema()["properties"].items():
        value = "yes" if "boolean" in json.dumps(described) else True
        assert {one.path for one in wrong(document_type, **{name: value})} == {name}, name


def test_a_day_follows_from_what_dates_a_document():
    """In the zone of the moment; the day it takes effect follows in turn, unless either is given."""
    for document_type, dated_by, given, day in (
        ("credit_memo", "issued_at", "2026-01-31T23:30:00-05:00", date(2026, 1, 31)),
        ("sales_order", "issued_at", "2026-02-01T00:30:00+09:00", date(2026, 2, 1)),
        ("expense", "expense_date", "2026-01-30", date(2026, 1, 30)),
        ("journal_entry", "entry_date", "2026-01-30", date(2026, 1, 30)),
    ):
        model = validated(document_type, {**SMALLEST[document_type], dated_by: given})
        assert (model.document_date, model.effective_date) == (day, day), document_type
        model = validated(document_type, {**SMALLEST[document_type], dated_by: given, "effective_date": "2026-03-01"})
        assert (model.document_date, model.effective_date) == (day, date(2026, 3, 1)), document_type
    assert validated("vendor_bill", SMALLEST["vendor_bill"]).document_date is None


@pytest.mark.parametrize(
    ("kind", "side"),
    [("asset", "debit"), ("expense", "debit"), ("liability", "credit"), ("equity", "credit"), ("revenue", "credit")],
)
def test_an_accounts_side_follows_from_its_type(kind, side):
    """Unless it is one of those that stand on the other."""
    assert validated("account", {**SMALLEST["account"], "type": kind}).normal_balance == side
    contra = {**SMALLEST["account"], "type": kind, "normal_balance": "credit"}
    assert validated("account", contra).normal_balance == "credit"


def entry(*lines):
    sides = [{"account_code": "1", **({side: amount} if side else {})} for side, amount in lines]
    return {**SMALLEST["journal_entry"], "lines": sides}


@pytest.mark.parametrize(
    "lines",
    [
        [("debit", "0.1"), ("debit", "0.2"), ("credit", "0.30")],
        [("debit", "9" * 18 + "." + "9" * 9), ("debit", "0.000000001"), ("credit", "1"), ("credit", "9" * 18)],
        [("debit", "-5"), ("credit", "-5.000")],
    ],
    ids=["tenths", "all digits", "negative"],
)
def test_an_entry_that_balances_to_the_last_digit_is_taken(lines):
    """Sums are exact, whatever a float or a short decimal would make of them."""
    validated("journal_entry", entry(*lines))


@pytest.mark.parametrize(
    ("lines", "path", "code"),
    [
        ([("debit", "0.1"), ("credit", "0.100000001")], "lines", "unbalanced"),
        ([("debit", "9" * 18), ("debit", "0.000000001"), ("credit", "9" * 18)], "lines", "unbalanced"),
        ([("debit", "1"), (None, None), ("credit", "1")], "lines[1]", "one_side"),
        ([("debit", "0")], "lines", "too_short"),
        ([], "lines", "too_short"),
        ([("debit", "1"), ("credit", 1)], "lines[1].credit", "money"),
    ],
    ids=["a billionth off", "a billionth of all", "no side", "one line", "none", "a number"],
)
def test_an_entry_that_does_not_balance_is_refused_with_the_place(lines, path, code):
    """The lines that are of no side are named, else the lines as a whole; no amount is repeated."""
    (error,) = wrong("journal_entry", lines=entry(*lines)["lines"])
    assert (error.path, error.code) == (path, code)
    assert "9999" not in error.message


def test_a_line_with_both_sides_is_refused_where_it_stands():
    """Every one of them, at once."""
    both = {"account_code": "1", "debit": "1", "credit": "1"}
    assert [(one.path, one.code) for one in wrong("journal_entry", lines=[both, both])] == [
        ("lines[0]", "one_side"),
        ("lines[1]", "one_side"),
    ]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ('{"x": NaN}', "metadata.x"),
        ('{"a": [0, {"b": 1e400}]}', "metadata.a[1].b"),
        ('{"a": -Infinity}', "metadata.a"),
        ('{"a": 18446744073709551616}', "metadata.a"),
        ('{"a": -9223372036854775809}', "metadata.a"),
    ],
)
def test_metadata_takes_no_number_that_cannot_be_carried(written, place):
    """A parser takes them, and a store would make null or another number of them."""
    with pytest.raises(ValidationError) as caught:
        CONTRACTS["customer"].model_validate_json(f'{{"customer_id": "1", "name": "Ada", "metadata": {written}}}')
    (error,) = record_errors(caught.value, CONTRACTS["customer"])
    assert (error.path, error.code) == (place, "not_json")


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_is_one_in_utc_as_well(value):
    """At the ends of the calendar a zone leads out of it."""
    for name in ("created_at", "updated_at"):
        assert [(one.path, one.code) for one in wrong("customer", **{name: value})] == [(name, "moment")]
    for fits in ("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"):
        payload_hash(validated("customer", {**SMALLEST["customer"], "created_at": fits}))


def test_what_is_said_of_a_record_stays_short():
    """However much is wrong with it, and whatever its names are made of."""
    many = wrong("customer", **{f"field_{number}": 1 for number in range(10_000)})
    assert len(many) == 26
    assert (many[-1].code, many[-1].message) == ("too_many_errors", "9975 more things are wrong with this record")
    (long,) = wrong("customer", **{"naem" * 100_000: 1})
    assert len(long.path) < 100
    (nameless,) = wrong("customer", **{"": 1})
    assert nameless.path == "''"
    (odd,) = wrong("customer", **{"na\nme\x00\u202e": 1})
    assert odd.path == "na\\nme\\x00\\u202e"
    (lines,) = wrong("invoice", line_items=[1] * 60_000)
    assert (lines.path, lines.code) == ("line_items", "too_long")


def test_every_contract_is_public():
    """Authors and extensions import them, and the parts and kinds of values they are made of, from one place."""
    import levada.contracts

    assert {contract.__name__ for contract in CONTRACTS.values()} <= set(levada.contracts.__all__)
    parts = {
        kind.__name__
        for contract in CONTRACTS.values()
        for field in contract.model_fields.values()
        for kind in _models_in(field.annotation)
    }
    assert parts <= set(levada.contracts.__all__)
    assert sorted(levada.contracts.__all__, key=str.lower) == sorted(set(levada.contracts.__all__), key=str.lower)
    assert not Contract.widens


def _models_in(annotation):
    inside = [found for part in getattr(annotation, "__args__", ()) for found in _models_in(part)]
    is_model = isinstance(annotation, type) and hasattr(annotation, "model_fields")
    return [annotation, *inside] if is_model else inside
