"""The records as pydantic models, for dlt's data contract."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Address(BaseModel):
    """A postal address."""

    line1: str
    city: str
    postal_code: str
    country: str


class Customer(BaseModel):
    """A customer."""

    model_config = ConfigDict(extra="forbid")
    customer_id: str
    name: str
    email: str | None
    phone: str | None
    type: Literal["individual", "company"]
    currency: str
    credit_limit: Decimal
    balance: Decimal
    created_at: datetime
    updated_at: datetime
    active: bool
    address: Address


class BankTransaction(BaseModel):
    """A movement on a bank account."""

    model_config = ConfigDict(extra="forbid")
    transaction_id: str
    account_id: str
    amount: Decimal
    currency: str
    date: date
    direction: Literal["debit", "credit"]
    description: str | None
    counterparty: str | None
    pending: bool
    posted_at: datetime
    reference: str | None
    payment_channel: str | None


MODELS = {"customer": Customer, "bank_transaction": BankTransaction}
