"""What is sold and what is paid for it."""

from datetime import date
from typing import ClassVar, Literal

from levada.contracts._base import Address
from levada.contracts._fields import Currency, Day, Flag, Moment, Money, Name, Texts
from levada.contracts._groups import Amounted, Itemised, Settled, Timed, Totalled


class ItemPayload(Timed):
    """Something that is sold or bought."""

    document_type: ClassVar[str] = "item"
    plural: ClassVar[str] = "items"
    identity_field: ClassVar[str] = "product_id"

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

    status: Literal["draft", "open", "paid", "void", "uncollectible"]
    due_date: Day | None = None
    amount_due: Money | None = None
    payment_terms: str | None = None
    sales_order_id: str | None = None


class CreditMemoPayload(Sale):
    """What a customer is owed back."""

    document_type: ClassVar[str] = "credit_memo"
    plural: ClassVar[str] = "credit-memos"

    status: Literal["open", "partially_applied", "applied", "void"]
    invoice_id: str | None = None
    reason_code: str | None = None
    remaining_amount: Money | None = None


class SalesReceiptPayload(Sale, Settled):
    """What a customer bought and paid at once."""

    document_type: ClassVar[str] = "sales_receipt"
    plural: ClassVar[str] = "sales-receipts"

    status: Name
    deposit_to_account_code: str | None = None


class SalesOrderPayload(Sale):
    """What a customer ordered."""

    document_type: ClassVar[str] = "sales_order"
    plural: ClassVar[str] = "sales-orders"

    status: Name
    due_date: Day | None = None
    shipped_on: Day | None = None
    quote_id: str | None = None
    purchase_order_number: str | None = None


class QuotePayload(Sale):
    """What a customer was offered."""

    document_type: ClassVar[str] = "quote"
    plural: ClassVar[str] = "quotes"

    status: Name
    expires_at: Moment | None = None
    accepted_at: Moment | None = None
    accepted_by: str | None = None


class PaymentPayload(Amounted, Settled):
    """Money that came in."""

    document_type: ClassVar[str] = "payment"
    plural: ClassVar[str] = "payments"

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

    status: Name
    reason: str | None = None
    refund_method: str | None = None
    refund_date: Day | None = None
    customer_id: str | None = None
    payment_id: str | None = None
    credit_memo_id: str | None = None
    payout_id: str | None = None
    reference_number: str | None = None
