"""What Stripe's objects become, and how its amounts are spelled."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada.contracts import CONTRACTS
from levada_stripe.mapping import as_customer, as_invoice, as_payment, as_refund
from levada_stripe.money import amount, unit_price

CUSTOMER = {
    "id": "cus_1", "object": "customer", "created": 1_790_000_000, "name": " Ada Abbott ", "email": "ada@example.org",
    "phone": "+351 2", "currency": "eur", "balance": -1250, "tax_exempt": "none", "description": None,
    "address": {"line1": "1 Market Street", "line2": None, "city": "Porto", "state": "PT-13", "postal_code": "4000",
                "country": "PT"},
    "shipping": {"name": "Ada", "address": {"line1": None, "line2": None, "city": None, "state": None}},
    "metadata": {"segment": "trade"}, "invoice_settings": {"default_payment_method": None}, "livemode": False,
}  # fmt: skip
INVOICE = {
    "id": "in_1", "object": "invoice", "status": "open", "number": "INV-0007", "customer": "cus_1",
    "customer_name": "Ada Abbott", "currency": "usd", "total": 11000, "tax": 1000, "amount_due": 11000,
    "amount_paid": 4000, "amount_remaining": 7000, "total_discount_amounts": [{"amount": 500, "discount": "di_1"}],
    "status_transitions": {"finalized_at": 1_790_000_000, "paid_at": None}, "effective_at": 1_790_000_000,
    "due_date": 1_792_592_000, "description": "Thank you", "metadata": {},
    "lines": {"object": "list", "has_more": False, "data": [
        {"id": "il_1", "amount": 10000, "quantity": 4, "description": "Seat", "type": "subscription",
         "price": {"unit_amount": 2500, "unit_amount_decimal": "2500", "product": "prod_1"},
         "tax_amounts": [{"amount": 1000, "inclusive": False}]},
        {"id": "il_2", "amount": 0, "quantity": None, "description": None, "type": "invoiceitem",
         "price": {"unit_amount": None, "unit_amount_decimal": "0.05", "product": "prod_2"}, "tax_amounts": []},
    ]},
}  # fmt: skip
INTENT = {
    "id": "pi_1", "object": "payment_intent", "amount": 5000, "amount_received": 4200, "currency": "eur",
    "status": "succeeded", "customer": "cus_1", "invoice": "in_1", "payment_method": "pm_1", "description": "Order 7",
    "payment_method_types": ["card"], "latest_charge": "ch_1", "created": 1_790_000_000, "metadata": {},
    "client_secret": "pi_1_secret_x",
}  # fmt: skip
CHARGE = {
    "id": "ch_9", "object": "charge", "amount": 5000, "amount_captured": 5000, "amount_refunded": 0, "currency": "usd",
    "status": "succeeded", "customer": None, "invoice": None, "payment_intent": None, "payment_method": "ba_1",
    "payment_method_details": {"type": "ach_debit"}, "receipt_number": "1234-5678", "created": 1_790_000_000,
    "metadata": {},
}  # fmt: skip
REFUND = {
    "id": "re_1", "object": "refund", "amount": 700, "currency": "jpy", "status": "pending", "charge": "ch_1",
    "payment_intent": "pi_1", "reason": "requested_by_customer", "receipt_number": "9", "created": 1_790_000_000,
    "destination_details": {"type": "card"}, "metadata": {"why": "broken"},
}  # fmt: skip


def canonical(document_type, payload):
    """Return what the contract makes of a payload, which it must accept."""
    model = CONTRACTS[document_type].model_validate(payload)
    model.complete()
    return model


def test_a_customer():
    """Spaces go, an address that is empty is none, and what Stripe owes a customer is negative."""
    customer = canonical("customer", as_customer(CUSTOMER))
    assert (customer.name, customer.currency, customer.balance) == ("Ada Abbott", "EUR", "-12.50")
    assert (customer.address.city, customer.address.region) == ("Porto", "PT-13")
    assert customer.shipping_address is None
    assert customer.tax_exempt is False
    assert customer.created_at.isoformat() == "2026-09-21T14:13:20+00:00"
    assert customer.metadata == {"segment": "trade"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"name": None}, "ada@example.org"), ({"name": "  "}, "ada@example.org"), ({"name": "", "email": None}, "cus_1")],
)
def test_a_customer_without_a_name_goes_by_something_else(fields, name):
    """Stripe asks for no name; the contract does."""
    assert canonical("customer", as_customer({**CUSTOMER, **fields})).name == name


def test_a_bare_customer_is_a_customer():
    """An id is all that is needed."""
    customer = canonical("customer", as_customer({"id": "cus_1", "balance": 0, "currency": None}))
    assert (customer.name, customer.balance, customer.address) == ("cus_1", None, None)


def test_an_invoice():
    """Issued when it was finalised; what is due is what remains."""
    invoice = canonical("invoice", as_invoice(INVOICE))
    assert (invoice.status, invoice.total_amount, invoice.amount_due) == ("open", "110.00", "70.00")
    assert (invoice.tax_amount, invoice.discount_amount) == ("10.00", "5.00")
    assert (invoice.document_number, invoice.customer_id) == ("INV-0007", "cus_1")
    assert (str(invoice.document_date), str(invoice.due_date)) == ("2026-09-21", "2026-10-21")
    seats, calls = invoice.line_items
    assert (seats.line_number, seats.quantity, seats.unit_price, seats.amount) == (1, "4", "25.00", "100.00")
    assert (seats.item_id, seats.line_type, seats.tax_amount) == ("prod_1", "subscription", "10.00")
    assert (calls.line_number, calls.quantity, calls.unit_price) == (2, None, "0.0005")


@pytest.mark.parametrize("status", ["draft", "open", "paid", "void", "uncollectible"])
def test_an_invoice_keeps_its_status(status):
    """Stripe's words are the contract's; a draft has not been issued."""
    times = {"effective_at": None, "status_transitions": {"finalized_at": None}} if status == "draft" else {}
    invoice = canonical("invoice", as_invoice({**INVOICE, "status": status, **times}))
    assert invoice.status == status
    assert (invoice.document_date is None) == (status == "draft")


def test_an_invoice_of_a_newer_api_gives_the_same_document():
    """Taxes, prices and products have moved since; what they say has not."""
    newer = {key: value for key, value in INVOICE.items() if key != "tax"}
    newer["total_taxes"] = [{"amount": 600}, {"amount": 400}]
    line, other = INVOICE["lines"]["data"]
    moved = {key: value for key, value in line.items() if key not in ("price", "tax_amounts")}
    moved["pricing"] = {"unit_amount_decimal": "2500", "price_details": {"price": "price_1", "product": "prod_1"}}
    moved["taxes"] = [{"amount": 1000}]
    newer["lines"] = {"data": [moved, other]}
    assert as_invoice(newer) == as_invoice(INVOICE)


def test_a_payment_by_intent():
    """What was received counts, the secret for the browser stays out, and the invoice is named."""
    payment = canonical("payment", as_payment(INTENT))
    assert (payment.source_id, payment.amount, payment.currency, payment.status) == (
        "pi_1", "42.00", "EUR", "succeeded",
    )  # fmt: skip
    assert (payment.invoice_id, payment.customer_id, payment.payment_method_type) == ("in_1", "cus_1", "credit_card")
    assert payment.received_at is not None
    assert "secret" not in payment.model_dump_json()


def test_a_payment_that_has_not_happened_says_so():
    """The amount is what is asked for, and nothing was received; several ways to pay are none that is known."""
    row = {
        **INTENT,
        "status": "requires_payment_method",
        "amount_received": 0,
        "payment_method_types": ["card", "link"],
    }
    payment = canonical("payment", as_payment(row))
    assert (payment.amount, payment.status, payment.received_at) == ("50.00", "requires_payment_method", None)
    assert payment.payment_method_type is None


def test_a_payment_by_charge_alone():
    """A charge knows how it was paid."""
    payment = canonical("payment", as_payment(CHARGE))
    assert (payment.source_id, payment.amount, payment.payment_method_type) == ("ch_9", "50.00", "ach")
    assert payment.reference_number == "1234-5678"


@pytest.mark.parametrize("reference", ["cus_1", {"id": "cus_1", "object": "customer", "name": "Ada"}])
def test_a_reference_may_be_the_object_itself(reference):
    """Some versions and some events expand it."""
    assert as_payment({**INTENT, "customer": reference})["customer_id"] == "cus_1"


def test_a_refund():
    """It names the payment it gives back, by the intent where there is one."""
    refund = canonical("refund_receipt", as_refund(REFUND))
    assert (refund.total_amount, refund.currency, refund.status) == ("700", "JPY", "pending")
    assert (refund.payment_id, refund.reason, refund.refund_method) == ("pi_1", "requested_by_customer", "card")
    assert str(refund.refund_date) == "2026-09-21"
    assert as_refund({**REFUND, "payment_intent": None})["payment_id"] == "ch_1"
    assert as_refund({**REFUND, "status": None})["status"] == "unknown"


@pytest.mark.parametrize(
    ("minor", "currency", "spelt"),
    [
        (0, "EUR", "0.00"), (5, "EUR", "0.05"), (-5, "USD", "-0.05"), (10**17, "USD", "1000000000000000.00"),
        (500, "JPY", "500"), (-1, "KRW", "-1"), (7, "MGA", "7"), (5124, "KWD", "5.124"), (10, "TND", "0.010"),
        (500, "ISK", "5.00"), (500, "UGX", "5.00"), (1045, "HUF", "10.45"), (None, "EUR", None), (5, None, None),
    ],
)  # fmt: skip
def test_amounts_are_read_by_stripes_table(minor, currency, spelt):
    """Zero, two or three decimals; ISK and UGX are still counted in hundredths."""
    assert amount(minor, currency) == spelt


@given(st.integers(-(10**17), 10**17), st.sampled_from(["JPY", "EUR", "KWD"]))
def test_an_amount_loses_nothing(minor, currency):
    """The decimal is the whole number, moved by the currency's digits."""
    digits = {"JPY": 0, "EUR": 2, "KWD": 3}[currency]
    assert Decimal(amount(minor, currency)) * 10**digits == minor
    assert canonical("refund_receipt", as_refund({**REFUND, "amount": minor, "currency": currency.lower()}))


def test_what_is_no_whole_number_is_left_for_the_contract_to_refuse():
    """Guessing would be wrong by a factor of a hundred."""
    assert amount(12.5, "EUR") == 12.5
    with pytest.raises(ValueError, match="decimal string"):
        canonical("refund_receipt", as_refund({**REFUND, "amount": 12.5}))


def test_a_price_too_fine_for_a_money_field_is_left_out():
    """Nine decimals are kept; Stripe allows fourteen."""
    assert unit_price("0.0000001", "EUR") == "0.000000001"
    assert unit_price("0.00000001", "EUR") is None
