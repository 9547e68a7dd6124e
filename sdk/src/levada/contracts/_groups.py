"""Groups of fields that several document types share; a type is made of them and of what is its own."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from levada.contracts._base import ApprovalStatus, Contract, LineItem, PaymentMethodDetails, PaymentMethodType
from levada.contracts._fields import MOST_ITEMS, Currency, Day, Moment, Money, Name


class Timed(Contract):
    """Something that its source dates: of two records of it the one that was updated later is the newer."""

    source_time_field: ClassVar[str | None] = "updated_at"

    created_at: Moment | None = None
    updated_at: Moment | None = None


class Dated(Contract):
    """A document with a day of its own, which is also the day it takes effect, unless another is given."""

    document_date: Day | None = None
    effective_date: Day | None = None

    def complete(self) -> None:
        """Take the document's day from what dates it, and the day it takes effect from the document's."""
        super().complete()
        if self.document_date is None:
            self.document_date = self.dated()
        if self.effective_date is None:
            self.effective_date = self.document_date

    def dated(self) -> date | None:
        """Return the day that follows from the type's own fields, if any."""
        return None


class Totalled(Timed):
    """A document over a total."""

    source_id: Name
    currency: Currency
    total_amount: Money
    document_number: str | None = None
    memo: str | None = None


class Itemised(Totalled, Dated):
    """A document over a total, line by line."""

    line_items: list[LineItem] = Field(default_factory=list, max_length=MOST_ITEMS)
    tax_amount: Money | None = None
    discount_amount: Money | None = None
    approval_status: ApprovalStatus | None = None


class Amounted(Timed):
    """Money that moved once."""

    source_id: Name
    amount: Money
    currency: Currency
    memo: str | None = None


class Settled(Contract):
    """How money was handed over, what that cost, and where it went from there."""

    payment_method: str | None = None
    payment_method_type: PaymentMethodType | None = None
    payment_method_details: PaymentMethodDetails | None = None
    reference_number: str | None = None
    fee_amount: Money | None = None
    fee_details: Annotated[list[dict[str, str]], Field(max_length=MOST_ITEMS)] | None = None
    net_amount: Money | None = None
    settlement_id: str | None = None
    payout_id: str | None = None
