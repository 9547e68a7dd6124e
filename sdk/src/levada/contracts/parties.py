"""Those one does business with."""

from typing import ClassVar, Literal

from levada.contracts._base import Address, Contract
from levada.contracts._fields import Currency, Flag, Moment, Money, Name


class CustomerPayload(Contract):
    """Somebody who buys."""

    document_type: ClassVar[str] = "customer"
    plural: ClassVar[str] = "customers"
    identity_field: ClassVar[str] = "customer_id"
    source_time_field: ClassVar[str | None] = "updated_at"

    customer_id: Name
    name: Name
    email: str | None = None
    phone: str | None = None
    company_name: str | None = None
    currency: Currency | None = None
    address: Address | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    type: Literal["individual", "company"] | None = None
    active: Flag | None = None
    balance: Money | None = None
    credit_limit: Money | None = None
    tax_exempt: Flag | None = None
    tax_ids: list[str] | None = None
    category_ids: list[str] | None = None
    price_level: str | None = None
    sales_representative: str | None = None
    description: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
