"""Accounts at banks and what moves on them."""

from typing import ClassVar, Literal

from pydantic import Field

from levada.contracts._base import Contract, LineNumber, Part, PaymentMethodType
from levada.contracts._fields import MOST_ITEMS, Currency, Day, Flag, Moment, Money, Name
from levada.contracts._groups import Amounted, Totalled
from levada.contracts._projection import Projection


class BankAccountPayload(Contract):
    """An account at a bank."""

    document_type: ClassVar[str] = "bank_account"
    plural: ClassVar[str] = "bank-accounts"
    identity_field: ClassVar[str] = "account_id"
    projection: ClassVar[Projection | None] = Projection(
        kind="bank_account",
        class_="Account",
        name="name",
        traits=(
            "currency", "official_name", "type", "subtype", "mask", "institution", "current_balance",
            "available_balance", "balance_as_of",
        ),
    )  # fmt: skip

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


class BankTransferPayload(Amounted):
    """Money moved from one account of one's own to another."""

    document_type: ClassVar[str] = "bank_transfer"
    plural: ClassVar[str] = "bank-transfers"

    transfer_date: Day
    from_account_id: Name
    to_account_id: Name
    status: Literal["draft", "approved", "void"]
    transfer_number: str | None = None
    reference_number: str | None = None
    fee_amount: Money | None = None
    received_amount: Money | None = None
    received_currency: Currency | None = None
    approved_at: Moment | None = None


class DepositLine(Part):
    """One of the sums that a deposit is made of."""

    line_number: LineNumber | None = None
    description: str | None = None
    amount: Money | None = None
    account_code: str | None = None
    customer_id: str | None = None
    payment_id: str | None = None
    payment_method_type: PaymentMethodType | None = None
    reference_number: str | None = None


class DepositPayload(Totalled):
    """Money that was taken to the bank in one go."""

    document_type: ClassVar[str] = "deposit"
    plural: ClassVar[str] = "deposits"

    status: Literal["pending", "deposited", "void"]
    deposit_date: Day | None = None
    deposit_to_account_code: str | None = None
    lines: list[DepositLine] = Field(default_factory=list, max_length=MOST_ITEMS)
    fee_amount: Money | None = None
    settlement_id: str | None = None
    payout_id: str | None = None
