"""What is sold and what is paid for it."""

from typing import ClassVar, Literal

from pydantic import Field

from levada.contracts._base import ApprovalStatus, Contract, LineItem
from levada.contracts._fields import Currency, Day, Moment, Money, Name


class InvoicePayload(Contract):
    """What a customer owes for something."""

    document_type: ClassVar[str] = "invoice"
    plural: ClassVar[str] = "invoices"
    source_time_field: ClassVar[str | None] = "updated_at"

    source_id: Name
    status: Literal["draft", "open", "paid", "void", "uncollectible"]
    currency: Currency
    total_amount: Money
    document_number: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    document_date: Day | None = None
    effective_date: Day | None = None
    issued_at: Moment | None = None
    due_date: Day | None = None
    line_items: list[LineItem] = Field(default_factory=list)
    tax_amount: Money | None = None
    discount_amount: Money | None = None
    amount_due: Money | None = None
    memo: str | None = None
    approval_status: ApprovalStatus | None = None
    updated_at: Moment | None = None

    def complete(self) -> None:
        """Take the document date from the issue, and the effective date from the document's."""
        super().complete()
        if self.document_date is None and self.issued_at is not None:
            self.document_date = self.issued_at.date()
        if self.effective_date is None:
            self.effective_date = self.document_date


class PaymentPayload(Contract):
    """Money that came in."""

    document_type: ClassVar[str] = "payment"
    plural: ClassVar[str] = "payments"

    source_id: Name
    amount: Money
    currency: Currency
    status: Name
    customer_id: str | None = None
    invoice_id: str | None = None
    payment_method: str | None = None
    payment_method_type: Literal["check", "credit_card", "ach", "cash", "wire", "other"] | None = None
    reference_number: str | None = None
    memo: str | None = None
    deposit_to_account_code: str | None = None
    fee_amount: Money | None = None
    fee_details: list[dict[str, str]] | None = None
    net_amount: Money | None = None
    tax_amount: Money | None = None
    settlement_id: str | None = None
    payout_id: str | None = None
    received_at: Moment | None = None


class RefundReceiptPayload(Contract):
    """Money that went back to who had paid it."""

    document_type: ClassVar[str] = "refund_receipt"
    plural: ClassVar[str] = "refund-receipts"

    source_id: Name
    status: Name
    currency: Currency
    total_amount: Money
    document_number: str | None = None
    reason: str | None = None
    memo: str | None = None
    refund_method: str | None = None
    refund_date: Day | None = None
    customer_id: str | None = None
    payment_id: str | None = None
    credit_memo_id: str | None = None
