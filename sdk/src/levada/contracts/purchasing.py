"""What is bought and what is paid for it."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from levada.contracts._base import Address, Allocation, ApprovalStatus
from levada.contracts._fields import MOST_ITEMS, Day, Flag, Money, Name
from levada.contracts._groups import Amounted, Dated, Itemised, Settled
from levada.contracts._projection import End, Link, Projection

_VENDOR = End("vendor", "vendor_id")
_ITEMS = Link("CONTAINS", to=End("item", "line_items.item_id"))
_MONEY = ("currency", "total_amount")
_TRAITS = ("status", *_MONEY, "document_number", "document_date", "tax_amount", "discount_amount", "approval_status")
_DONE = ("status", ("completed",))


class Purchase(Itemised):
    """A document about what a vendor supplies."""

    vendor_id: Name
    vendor_name: str | None = None


class VendorBillPayload(Purchase):
    """What is owed to a vendor."""

    document_type: ClassVar[str] = "vendor_bill"
    plural: ClassVar[str] = "vendor-bills"
    projection: ClassVar[Projection | None] = Projection(
        kind="vendor_bill",
        name="document_number",
        traits=(*_TRAITS, "due_date", "amount_due", "payment_terms"),
        links=(
            Link("BILLED", start=_VENDOR, properties=_MONEY, unless=("status", ("draft", "void"))),
            Link("CONNECTS", to=End("purchase_order", "purchase_order_id")),
            _ITEMS,
        ),
    )

    status: Literal["draft", "open", "paid", "void"]
    due_date: Day | None = None
    amount_due: Money | None = None
    payment_terms: str | None = None
    purchase_order_id: str | None = None


class VendorCreditPayload(Purchase):
    """What a vendor owes back."""

    document_type: ClassVar[str] = "vendor_credit"
    plural: ClassVar[str] = "vendor-credits"
    projection: ClassVar[Projection | None] = Projection(
        kind="vendor_credit",
        name="document_number",
        traits=(*_TRAITS, "reason_code", "remaining_amount"),
        links=(
            Link("HAS", start=_VENDOR),
            Link("CONNECTS", to=End("vendor_bill", "bill_id")),
            _ITEMS,
        ),
    )

    status: Name
    bill_id: str | None = None
    reason_code: str | None = None
    remaining_amount: Money | None = None


class PurchaseOrderPayload(Purchase):
    """What was ordered from a vendor."""

    document_type: ClassVar[str] = "purchase_order"
    plural: ClassVar[str] = "purchase-orders"
    projection: ClassVar[Projection | None] = Projection(
        kind="purchase_order",
        name="document_number",
        traits=(*_TRAITS, "due_date", "payment_terms"),
        links=(
            Link("HAS", start=_VENDOR),
            _ITEMS,
        ),
    )

    status: Name
    due_date: Day | None = None
    payment_terms: str | None = None
    shipping_address: Address | None = None


class BillPaymentPayload(Amounted, Settled):
    """Money that went to a vendor, and to which of its bills."""

    document_type: ClassVar[str] = "bill_payment"
    plural: ClassVar[str] = "bill-payments"
    projection: ClassVar[Projection | None] = Projection(
        kind="bill_payment",
        name="payment_number",
        traits=(
            "status",
            "amount",
            "currency",
            "payment_number",
            "payment_date",
            "payment_method_type",
            "reference_number",
            "approval_status",
        ),
        links=(
            Link("PAID", to=_VENDOR, properties=("amount", "currency", "payment_date"), when=_DONE),
            Link("PAID", to=End("vendor_bill", "bill_id"), when=_DONE),
            Link("PAID", to=End("vendor_bill", "allocations.bill_id"), when=_DONE),
        ),
    )

    vendor_id: Name
    status: Literal["pending", "completed", "void"]
    bill_id: str | None = None
    payment_number: str | None = None
    payment_date: Day | None = None
    paid_from_account_code: str | None = None
    allocations: list[Allocation] = Field(default_factory=list, max_length=MOST_ITEMS)
    approval_status: ApprovalStatus | None = None


class ExpensePayload(Amounted, Dated, Settled):
    """Money that was spent without a bill."""

    document_type: ClassVar[str] = "expense"
    plural: ClassVar[str] = "expenses"

    status: Name
    tax_amount: Money | None = None
    expense_date: Day | None = None
    category: str | None = None
    description: str | None = None
    expense_account_code: str | None = None
    paid_from_account_code: str | None = None
    vendor_id: str | None = None
    merchant_name: str | None = None
    employee_id: str | None = None
    customer_id: str | None = None
    billable: Flag | None = None
    reimbursable: Flag | None = None
    approval_status: ApprovalStatus | None = None

    def dated(self) -> date | None:
        """Return the day the money was spent."""
        return self.expense_date
