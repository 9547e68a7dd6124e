"""What is sold and what is paid for it."""

from datetime import date
from typing import ClassVar, Literal

from levada.contracts._base import Address
from levada.contracts._fields import Currency, Day, Flag, Moment, Money, Name, Texts
from levada.contracts._groups import Amounted, Itemised, Settled, Timed, Totalled
from levada.contracts._projection import Condition, End, Link, Projection

_CUSTOMER = End("customer", "customer_id")
_ITEMS = Link("CONTAINS", to=End("item", "line_items.item_id"))
_MONEY = ("currency", "total_amount")
_OWED = (*_MONEY, "amount_due", "due_date")
_TRAITS = ("status", *_MONEY, "document_number", "document_date", "approval_status")
_SALE = (*_TRAITS, "issued_at", "tax_amount", "discount_amount", "price_level", "sales_representative")
_UNDONE: Condition = ("status", ("void", "voided", "failed", "canceled", "cancelled", "declined"))
"""Words that sources have for money that did not move after all."""


class ItemPayload(Timed):
    """Something that is sold or bought."""

    document_type: ClassVar[str] = "item"
    plural: ClassVar[str] = "items"
    identity_field: ClassVar[str] = "product_id"
    projection: ClassVar[Projection | None] = Projection(
        kind="item",
        name="name",
        traits=(
            "description",
            "sku",
            "active",
            "type",
            "unit_label",
            "currency",
            "unit_price",
            "quantity_on_hand",
            "category_ids",
        ),
        links=(Link("CONNECTS", to=End("vendor", "preferred_vendor_id")),),
    )

    product_id: Name
    name: Name
    description: str | None = None
    sku: str | None = None
    active: Flag | None = None
    type: Literal["good", "service"] | None = None
    unit_label: str | None = None
    is_sold: Flag | None = None
    is_purchased: Flag | None = None
    track_inventory: Flag | None = None
    currency: Currency | None = None
    unit_price: Money | None = None
    purchase_cost: Money | None = None
    quantity_on_hand: Money | None = None
    reorder_point: Money | None = None
    revenue_account_id: str | None = None
    expense_account_id: str | None = None
    asset_account_id: str | None = None
    cogs_account_id: str | None = None
    preferred_vendor_id: str | None = None
    tax_code: str | None = None
    category_ids: Texts | None = None


class Sale(Itemised):
    """A document about what a customer gets."""

    customer_id: str | None = None
    customer_name: str | None = None
    issued_at: Moment | None = None
    price_level: str | None = None
    sales_representative: str | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None

    def dated(self) -> date | None:
        """Return the day of the issue, in the zone of the issue."""
        return None if self.issued_at is None else self.issued_at.date()


class InvoicePayload(Sale):
    """What a customer owes for something."""

    document_type: ClassVar[str] = "invoice"
    plural: ClassVar[str] = "invoices"
    projection: ClassVar[Projection | None] = Projection(
        kind="invoice",
        name="document_number",
        traits=(*_SALE, "due_date", "amount_due", "payment_terms"),
        links=(
            Link("BILLED", to=_CUSTOMER, properties=_MONEY, unless=("status", ("draft", "void"))),
            Link("OWES", start=_CUSTOMER, properties=_OWED, when=("status", ("open",))),
            Link("CONNECTS", to=End("sales_order", "sales_order_id")),
            _ITEMS,
        ),
    )

    status: Literal["draft", "open", "paid", "void", "uncollectible"]
    due_date: Day | None = None
    amount_due: Money | None = None
    payment_terms: str | None = None
    sales_order_id: str | None = None


class CreditMemoPayload(Sale):
    """What a customer is owed back."""

    document_type: ClassVar[str] = "credit_memo"
    plural: ClassVar[str] = "credit-memos"
    projection: ClassVar[Projection | None] = Projection(
        kind="credit_memo",
        name="document_number",
        traits=(*_SALE, "reason_code", "remaining_amount"),
        links=(
            Link("HAS", start=_CUSTOMER),
            Link("CONNECTS", to=End("invoice", "invoice_id")),
            _ITEMS,
        ),
    )

    status: Literal["open", "partially_applied", "applied", "void"]
    invoice_id: str | None = None
    reason_code: str | None = None
    remaining_amount: Money | None = None


class SalesReceiptPayload(Sale, Settled):
    """What a customer bought and paid at once."""

    document_type: ClassVar[str] = "sales_receipt"
    plural: ClassVar[str] = "sales-receipts"
    projection: ClassVar[Projection | None] = Projection(
        kind="sales_receipt",
        name="document_number",
        traits=(*_SALE, "payment_method_type", "reference_number"),
        links=(
            Link("BILLED", to=_CUSTOMER, properties=_MONEY, unless=_UNDONE),
            Link("PAID", start=_CUSTOMER, properties=_MONEY, unless=_UNDONE),
            _ITEMS,
        ),
    )

    status: Name
    deposit_to_account_code: str | None = None


class SalesOrderPayload(Sale):
    """What a customer ordered."""

    document_type: ClassVar[str] = "sales_order"
    plural: ClassVar[str] = "sales-orders"
    projection: ClassVar[Projection | None] = Projection(
        kind="sales_order",
        name="document_number",
        traits=(*_SALE, "due_date", "shipped_on", "purchase_order_number"),
        links=(
            Link("HAS", start=_CUSTOMER),
            Link("CONNECTS", to=End("quote", "quote_id")),
            _ITEMS,
        ),
    )

    status: Name
    due_date: Day | None = None
    shipped_on: Day | None = None
    quote_id: str | None = None
    purchase_order_number: str | None = None


class QuotePayload(Sale):
    """What a customer was offered."""

    document_type: ClassVar[str] = "quote"
    plural: ClassVar[str] = "quotes"
    projection: ClassVar[Projection | None] = Projection(
        kind="quote",
        name="document_number",
        traits=(*_SALE, "expires_at", "accepted_at", "accepted_by"),
        links=(
            Link("HAS", start=_CUSTOMER),
            _ITEMS,
        ),
    )

    status: Name
    expires_at: Moment | None = None
    accepted_at: Moment | None = None
    accepted_by: str | None = None


class PaymentPayload(Amounted, Settled):
    """Money that came in."""

    document_type: ClassVar[str] = "payment"
    plural: ClassVar[str] = "payments"
    projection: ClassVar[Projection | None] = Projection(
        kind="payment",
        name="reference_number",
        traits=(
            "status",
            "amount",
            "currency",
            "payment_method_type",
            "reference_number",
            "fee_amount",
            "net_amount",
            "received_at",
        ),
        links=(
            Link("PAID", start=_CUSTOMER, properties=("amount", "currency", "received_at"), unless=_UNDONE),
            Link(
                "PAID",
                to=End("invoice", "invoice_id"),
                properties=("amount", "currency", "received_at"),
                unless=_UNDONE,
            ),
        ),
    )

    status: Name
    customer_id: str | None = None
    invoice_id: str | None = None
    deposit_to_account_code: str | None = None
    tax_amount: Money | None = None
    received_at: Moment | None = None


class RefundReceiptPayload(Totalled):
    """Money that went back to who had paid it."""

    document_type: ClassVar[str] = "refund_receipt"
    plural: ClassVar[str] = "refund-receipts"
    projection: ClassVar[Projection | None] = Projection(
        kind="refund_receipt",
        name="document_number",
        traits=("status", *_MONEY, "document_number", "reason", "refund_method", "refund_date", "reference_number"),
        links=(
            Link("PAID", to=_CUSTOMER, properties=(*_MONEY, "refund_date"), unless=_UNDONE),
            Link("CONNECTS", to=End("payment", "payment_id")),
            Link("CONNECTS", to=End("credit_memo", "credit_memo_id")),
        ),
    )

    status: Name
    reason: str | None = None
    refund_method: str | None = None
    refund_date: Day | None = None
    customer_id: str | None = None
    payment_id: str | None = None
    credit_memo_id: str | None = None
    payout_id: str | None = None
    reference_number: str | None = None
