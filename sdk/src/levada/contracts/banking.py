"""Accounts at banks and what moves on them."""

from typing import ClassVar, Literal

from levada.contracts._base import Contract
from levada.contracts._fields import Currency, Day, Flag, Moment, Money, Name


class BankAccountPayload(Contract):
    """An account at a bank."""

    document_type: ClassVar[str] = "bank_account"
    plural: ClassVar[str] = "bank-accounts"
    identity_field: ClassVar[str] = "account_id"

    account_id: Name
    name: Name
    currency: Currency
    official_name: str | None = None
    type: Literal["depository", "credit", "loan", "investment", "other"] | None = None
    subtype: str | None = None
    mask: str | None = None
    institution: str | None = None
    current_balance: Money | None = None
    available_balance: Money | None = None
    balance_as_of: Moment | None = None


class BankTransactionPayload(Contract):
    """A movement on a bank account: the amount is positive, and `direction` says which way it went."""

    document_type: ClassVar[str] = "bank_transaction"
    plural: ClassVar[str] = "bank-transactions"
    identity_field: ClassVar[str] = "transaction_id"

    transaction_id: Name
    account_id: Name
    amount: Money
    currency: Currency
    date: Day
    direction: Literal["debit", "credit"] | None = None
    description: str | None = None
    merchant_name: str | None = None
    counterparty: str | None = None
    pending: Flag | None = None
    posted_at: Moment | None = None
    authorized_on: Day | None = None
    category: str | None = None
    reference: str | None = None
    pending_transaction_id: str | None = None
    payment_channel: str | None = None

    def complete(self) -> None:
        """Take the direction from the amount's sign, and leave the amount without one."""
        super().complete()
        if self.direction is None:
            self.direction = "debit" if self.amount.startswith("-") else "credit"
        self.amount = self.amount.removeprefix("-")
