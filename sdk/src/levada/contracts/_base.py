"""What every contract has in common: the fields of its origin, addresses and line items."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from levada._record import Record
from levada.contracts._fields import Money

ApprovalStatus = Literal["draft", "pending_approval", "approved", "rejected", "void"]


class Part(Record):
    """A part of a document, such as an address or a line item."""


class Address(Part):
    """A postal address."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class LineItem(Part):
    """One line of an invoice, an order or a bill."""

    line_number: Annotated[int, Field(ge=1, strict=True)] | None = None
    description: str | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    amount: Money | None = None
    line_type: str | None = None
    item_id: str | None = None
    account_code: str | None = None
    tax_amount: Money | None = None


class Contract(Record):
    """The schema of a document type. Fields that it does not know are refused; `metadata` takes the rest."""

    document_type: ClassVar[str]
    plural: ClassVar[str]
    version: ClassVar[int] = 1
    identity_field: ClassVar[str] = "source_id"
    source_time_field: ClassVar[str | None] = None
    hash_exclude: ClassVar[frozenset[str]] = frozenset()

    source_id: str | None = None
    source_system: str | None = None
    connection_id: str | None = None
    subsidiary_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)

    def complete(self) -> None:
        """Fill in what follows from other fields; called once a payload is known to be valid, before it is hashed."""
        if self.source_id is None:
            self.source_id = getattr(self, self.identity_field)
