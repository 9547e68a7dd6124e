"""What is bought and what is paid for it."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from levada.contracts._base import Address, Allocation, ApprovalStatus
from levada.contracts._fields import MOST_ITEMS, Day, Flag, Money, Name
from levada.contracts._groups import Amounted, Dated, Itemised, Settled


class Purchase(Itemised):
    """A document about what a vendor supplies."""

    vendor_id: Name
    vendor_name: str | None = None


class VendorBillPayload(Purchase):
    """What is owed to a vendor."""

    document_type: ClassVar[str] = "vendor_bill"
    plural: ClassVar[str] = "vendor-bills"

    status: Literal["draft", "open", "paid", "void"]
    due_date: Day | None = None
    amount_due: Money | None = None
    payment_terms: str | None = None
    purchase_order_id: str | None = None


class VendorCreditPayload(Purchase):
    """What a vendor owes back."""

    document_type: ClassVar[str] = "vendor_credit"
    plural: ClassVar[str] = "vendor-credits"

    status: Name
    bill_id: str | None = None
    reason_code: str | None = None
    remaining_amount: Money | None = None


class PurchaseOrderPayload(Purchase):
    """What was ordered from a vendor."""

    document_type: ClassVar[str] = "purchase_order"
    plural: ClassVar[str] = "purchase-orders"

    status: Name
    due_date: Day | None = None
    payment_terms: str | None = None
    shipping_address: Address | None = None


class BillPaymentPayload(Amounted, Settled):
    """Money that went to a vendor, and to which of its bills."""

    document_type: ClassVar[str] = "bill_payment"
    plural: ClassVar[str] = "bill-payments"

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
