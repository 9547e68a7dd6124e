"""Those one does business with."""

from typing import ClassVar, Literal

from levada.contracts._base import Address
from levada.contracts._fields import Currency, Flag, Money, Name, Texts
from levada.contracts._groups import Timed
from levada.contracts._projection import Projection

_TRAITS = ("email", "phone", "company_name", "currency", "active", "balance", "tax_ids", "category_ids", "description")


class Party(Timed):
    """Somebody one does business with."""

    name: Name
    email: str | None = None
    phone: str | None = None
    company_name: str | None = None
    currency: Currency | None = None
    address: Address | None = None
    active: Flag | None = None
    balance: Money | None = None
    tax_ids: Texts | None = None
    category_ids: Texts | None = None
    description: str | None = None


class CustomerPayload(Party):
    """Somebody who buys."""

    document_type: ClassVar[str] = "customer"
    plural: ClassVar[str] = "customers"
    identity_field: ClassVar[str] = "customer_id"
    projection: ClassVar[Projection | None] = Projection(
        kind="customer",
        class_="Account",
        name="name",
        traits=(*_TRAITS, "type", "credit_limit", "tax_exempt", "price_level", "sales_representative"),
    )

    customer_id: Name
    billing_address: Address | None = None
    shipping_address: Address | None = None
    type: Literal["individual", "company"] | None = None
    credit_limit: Money | None = None
    tax_exempt: Flag | None = None
    price_level: str | None = None
    sales_representative: str | None = None


class VendorPayload(Party):
    """Somebody who sells to us."""

    document_type: ClassVar[str] = "vendor"
    plural: ClassVar[str] = "vendors"
    projection: ClassVar[Projection | None] = Projection(
        kind="vendor",
        class_="Account",
        name="name",
        traits=(*_TRAITS, "entity_type", "payment_terms", "payment_method", "website"),
    )

    source_id: Name
    entity_type: Literal["individual", "company"] | None = None
    parent_id: str | None = None
    default_expense_account_id: str | None = None
    payment_terms: str | None = None
    payment_method: str | None = None
    website: str | None = None
