"""What every contract has in common: the fields of its origin, and the parts that documents are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from levada._record import Record
from levada.contracts._fields import Day, FreeJson, Money, Name
from levada.contracts._projection import Projection

ApprovalStatus = Literal["draft", "pending_approval", "approved", "rejected", "void"]
PaymentMethodType = Literal["check", "credit_card", "ach", "cash", "wire", "other"]
LineNumber = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


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

    line_number: LineNumber | None = None
    description: str | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    amount: Money | None = None
    line_type: str | None = None
    item_id: str | None = None
    account_code: str | None = None
    tax_amount: Money | None = None
    line_id: str | None = None
    reference: str | None = None
    unit_label: str | None = None
    price_level: str | None = None
    discount_amount: Money | None = None
    tax_code: str | None = None
    customer_id: str | None = None
    service_date: Day | None = None


class PaymentMethodDetails(Part):
    """What is known of the means of a payment; never enough to use it."""

    brand: str | None = None
    last4: str | None = None
    wallet: str | None = None
    bank_name: str | None = None
    account_holder: str | None = None
    check_number: str | None = None
    country: str | None = None


class Allocation(Part):
    """How much of a payment went to which bill."""

    bill_id: Name
    amount: Money
    allocated_on: Day | None = None


class Contract(Record):
    """The schema of a document type. Fields that it does not know are refused; `metadata` takes the rest."""

    document_type: ClassVar[str]
    plural: ClassVar[str]
    version: ClassVar[int] = 1
    identity_field: ClassVar[str] = "source_id"
    source_time_field: ClassVar[str | None] = None
    hash_exclude: ClassVar[frozenset[str]] = frozenset()
    projection: ClassVar[Projection | None] = None
    """What a document stands for in the entity graph; None for nothing."""
    widens: ClassVar[bool] = False
    """Set by an extension's subclass that takes the place of the contract it is derived from."""

    source_id: str | None = None
    source_system: str | None = None
    connection_id: str | None = None
    subsidiary_id: str | None = None
    metadata: FreeJson = Field(default_factory=dict)

    def complete(self) -> None:
        """Fill in what follows from other fields; called once a payload is known to be valid, before it is hashed."""
        if not isinstance(self, Contract):
            raise TypeError("complete() is a method of contracts; call it on one")
        if self.source_id is None:
            # A class says itself which field that is: no other attribute is read for it.
            self.source_id = vars(self)[self.identity_field]
