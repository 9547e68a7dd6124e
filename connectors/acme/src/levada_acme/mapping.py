"""From Acme's rows to canonical documents.

A mapping renames and cleans, and never repairs: a row that is wrong at Acme is quarantined with its reason, for
somebody to see, instead of being guessed right.
"""

from typing import Any

Row = dict[str, Any]


def as_customer(row: Row) -> Row:
    """Return one of Acme's customers as a `customer`."""
    return {
        "customer_id": str(row["id"]),
        "name": row["name"].strip(),
        "company_name": row["company"],
        "email": row["email"],
        "phone": row["phone"],
        "currency": row["currency"],
        "balance": row["balance"],
        "billing_address": row["address"],
        "metadata": row["tags"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def as_invoice(row: Row) -> Row:
    """Return one of Acme's invoices as an `invoice`; Acme's line items already have the canonical names."""
    return {
        "source_id": str(row["id"]),
        "document_number": row["number"],
        "status": row["state"],
        "customer_id": str(row["customer"]["id"]),
        "customer_name": row["customer"]["name"],
        "currency": row["currency"],
        "total_amount": row["total"],
        "amount_due": row["amount_due"],
        "issued_at": row["issued_at"],
        "due_date": row["due_on"],
        "line_items": [{"line_number": number, **line} for number, line in enumerate(row["lines"], start=1)],
        "updated_at": row["updated_at"],
    }


def as_payment(row: Row) -> Row:
    """Return one of Acme's payments as a `payment`."""
    return {
        "source_id": str(row["id"]),
        "amount": row["amount"],
        "currency": row["currency"],
        "status": row["state"],
        "customer_id": str(row["customer"]["id"]),
        "invoice_id": str(row["invoice"]["id"]),
        "payment_method_type": row["method"],
        "reference_number": row["reference"],
        "metadata": row["tags"],
        "received_at": row["settled_at"],
    }
