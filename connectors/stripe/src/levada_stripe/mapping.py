"""From Stripe's objects to canonical documents.

The same object gives the same document whether it came from a list, by its id or inside an event. Events may be
rendered in an older or newer version of Stripe's API than the one asked for here, so a field that has moved between
versions is looked for in both places. `metadata` is Stripe's own.
"""

from datetime import UTC, datetime
from typing import Any

from levada_stripe.money import amount, currency_of, unit_price

Row = dict[str, Any]

METHOD_TYPES = {
    "card": "credit_card",
    "card_present": "credit_card",
    "interac_present": "credit_card",
    "ach_debit": "ach",
    "ach_credit_transfer": "ach",
    "us_bank_account": "ach",
    "paper_check": "check",
}
"""The ways to pay that a payment's contract has a word for; all others are `other`."""


def as_customer(row: Row) -> Row:
    """Return a customer. One without a name, as Stripe allows, goes by its email address, or else by its id."""
    currency = currency_of(row)
    return {
        "customer_id": row["id"],
        "name": (row.get("name") or "").strip() or row.get("email") or row["id"],
        "email": row.get("email"),
        "phone": row.get("phone"),
        "currency": currency,
        "address": as_address(row.get("address")),
        "shipping_address": as_address((row.get("shipping") or {}).get("address")),
        "balance": amount(row.get("balance"), currency),
        "tax_exempt": row["tax_exempt"] == "exempt" if row.get("tax_exempt") else None,
        "description": row.get("description"),
        "metadata": row.get("metadata") or {},
        "created_at": moment(row.get("created")),
    }


def as_address(address: Row | None) -> Row | None:
    """Return an address, or None when none of it is filled in."""
    if not address or not any(address.values()):
        return None
    same = {field: address.get(field) for field in ("line1", "line2", "city", "postal_code", "country")}
    return {**same, "region": address.get("state")}


def as_invoice(row: Row) -> Row:
    """Return an invoice: issued when it was finalised, due what remains to be paid."""
    currency = currency_of(row)
    times = row.get("status_transitions") or {}
    lines = (row.get("lines") or {}).get("data") or []
    return {
        "source_id": row["id"],
        "document_number": row.get("number"),
        "status": row.get("status"),
        "customer_id": id_of(row.get("customer")),
        "customer_name": row.get("customer_name"),
        "currency": currency,
        "total_amount": amount(row.get("total"), currency),
        "tax_amount": amount(tax_in(row, "total_tax_amounts", "total_taxes"), currency),
        "discount_amount": amount(summed(row.get("total_discount_amounts")), currency),
        "amount_due": amount(remaining(row), currency),
        "issued_at": moment(row.get("effective_at") or times.get("finalized_at")),
        "due_date": day(row.get("due_date")),
        "line_items": [as_line(line, number, currency) for number, line in enumerate(lines, start=1)],
        "memo": row.get("description"),
        "metadata": row.get("metadata") or {},
    }


def as_line(line: Row, number: int, currency: str | None) -> Row:
    """Return one line of an invoice."""
    price = line.get("price") or line.get("pricing") or {}
    quantity = line.get("quantity")
    return {
        "line_number": number,
        "description": line.get("description"),
        "quantity": None if quantity is None else str(quantity),
        "unit_price": unit_price(price.get("unit_amount_decimal") or price.get("unit_amount"), currency),
        "amount": amount(line.get("amount"), currency),
        "line_type": line.get("type"),
        "item_id": id_of(price.get("product") or (price.get("price_details") or {}).get("product")),
        "tax_amount": amount(tax_in(line, "tax_amounts", "taxes"), currency),
    }


def as_payment(row: Row) -> Row:
    """Return a payment: an intent, or a charge that was made without one.

    The amount is what was taken, once something was, and what is asked for until then.
    """
    currency = currency_of(row)
    done = row.get("status") == "succeeded"
    taken = row.get("amount_captured" if row.get("object") == "charge" else "amount_received")
    return {
        "source_id": row["id"],
        "amount": amount(taken if done and taken else row.get("amount"), currency),
        "currency": currency,
        "status": row.get("status"),
        "customer_id": id_of(row.get("customer")),
        "invoice_id": id_of(row.get("invoice")),
        "payment_method": id_of(row.get("payment_method")),
        "payment_method_type": method_type(row),
        "reference_number": row.get("receipt_number"),
        "memo": row.get("description"),
        "metadata": row.get("metadata") or {},
        "received_at": moment(row.get("created")) if done else None,
    }


def as_refund(row: Row) -> Row:
    """Return a refund. Very old ones have no status at Stripe."""
    currency = currency_of(row)
    return {
        "source_id": row["id"],
        "status": row.get("status") or "unknown",
        "currency": currency,
        "total_amount": amount(row.get("amount"), currency),
        "document_number": row.get("receipt_number"),
        "reason": row.get("reason"),
        "memo": row.get("description"),
        "refund_method": (row.get("destination_details") or {}).get("type"),
        "refund_date": day(row.get("created")),
        "payment_id": id_of(row.get("payment_intent")) or id_of(row.get("charge")),
        "metadata": row.get("metadata") or {},
    }


def method_type(row: Row) -> str | None:
    """Return how it was paid, where that is certain: a charge knows, an intent only if it allowed a single way."""
    known = (row.get("payment_method_details") or {}).get("type")
    offered = row.get("payment_method_types") or []
    if known is None and len(offered) == 1:
        known = offered[0]
    return METHOD_TYPES.get(known, "other") if known else None


def remaining(row: Row) -> Any:
    """Return what is still to be paid of an invoice; its `amount_due` is what was due at first."""
    if row.get("amount_remaining") is not None:
        return row["amount_remaining"]
    due, paid = row.get("amount_due"), row.get("amount_paid")
    return due - paid if isinstance(due, int) and isinstance(paid, int) else due


def tax_in(row: Row, *places: str) -> int | None:
    """Return the tax in a row, from the field that this version of the API has for it."""
    if row.get("tax") is not None:
        return int(row["tax"])
    return next((summed(row[place]) for place in places if row.get(place) is not None), None)


def summed(parts: list[Row] | None) -> int | None:
    """Return the sum of parts that have an amount each, or None when there is no such list."""
    return None if parts is None else sum(part["amount"] for part in parts)


def id_of(reference: Any) -> str | None:
    """Return the id of a referenced object, which Stripe gives as it is or inside the whole object."""
    found = reference.get("id") if isinstance(reference, dict) else reference
    return found or None


def moment(seconds: int | None) -> str | None:
    """Return one of Stripe's times, which are seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def day(seconds: int | None) -> str | None:
    """Return the day of one of Stripe's times, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
