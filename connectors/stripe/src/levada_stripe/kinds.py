"""The lists of Stripe's that are read: what a row of each becomes, and which events speak of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from levada_stripe.mapping import as_customer, as_invoice, as_payment, as_refund

Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A list: `object` is Stripe's name for one of its rows, `events` the types that tell of a change to one."""

    object: str
    path: str
    stream: str
    document_type: str
    document: Callable[[Row], Row]
    events: tuple[str, ...]

    def key(self, object_id: str) -> str:
        """Return the idempotency key of an object, the same from wherever it comes."""
        return f"stripe:{self.document_type}:{object_id}"

    def takes(self, row: Row) -> bool:
        """Tell whether a row is a document; a charge that belongs to an intent is part of that payment."""
        return self.object != "charge" or not row.get("payment_intent")


CUSTOMERS = Kind(
    object="customer",
    path="/v1/customers",
    stream="customers",
    document_type="customer",
    document=as_customer,
    events=("customer.created", "customer.updated", "customer.deleted"),
)
INVOICES = Kind(
    object="invoice",
    path="/v1/invoices",
    stream="invoices",
    document_type="invoice",
    document=as_invoice,
    events=(
        "invoice.created", "invoice.updated", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
        "invoice.payment_failed", "invoice.marked_uncollectible", "invoice.voided", "invoice.deleted",
    ),
)  # fmt: skip
INTENTS = Kind(
    object="payment_intent",
    path="/v1/payment_intents",
    stream="payments",
    document_type="payment",
    document=as_payment,
    events=(
        "payment_intent.created", "payment_intent.requires_action", "payment_intent.processing",
        "payment_intent.amount_capturable_updated", "payment_intent.partially_funded", "payment_intent.succeeded",
        "payment_intent.payment_failed", "payment_intent.canceled",
    ),
)  # fmt: skip
CHARGES = Kind(
    object="charge",
    path="/v1/charges",
    stream="payments",
    document_type="payment",
    document=as_payment,
    events=(
        "charge.pending", "charge.succeeded", "charge.failed", "charge.captured", "charge.updated", "charge.expired",
    ),
)  # fmt: skip
REFUNDS = Kind(
    object="refund",
    path="/v1/refunds",
    stream="refunds",
    document_type="refund_receipt",
    document=as_refund,
    # Accounts on an API version before 2024-10-28 only say which charge was refunded.
    events=("refund.created", "refund.updated", "refund.failed", "charge.refund.updated", "charge.refunded"),
)
KINDS = (CUSTOMERS, INVOICES, INTENTS, CHARGES, REFUNDS)


def kind_told_of(event_type: Any) -> Kind | None:
    """Return the list that an event of this type tells of."""
    return next((kind for kind in KINDS if event_type in kind.events), None)
