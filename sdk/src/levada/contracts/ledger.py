"""The books: their accounts, and the entries that are made in them."""

from datetime import date
from decimal import Context, Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from levada.contracts._base import LineNumber, Part
from levada.contracts._fields import MOST_ITEMS, Currency, Day, Flag, Money, Name, refused
from levada.contracts._groups import Dated, Timed
from levada.contracts._projection import End, Link, Projection

_EXACT = Context(prec=60)
"""Room for the sum of more lines than any payload can hold, to the last of their digits."""
_ONE_SIDE = "a line has either a debit or a credit, and never both"


class AccountPayload(Timed):
    """An account of the chart of accounts."""

    document_type: ClassVar[str] = "account"
    plural: ClassVar[str] = "accounts"
    projection: ClassVar[Projection | None] = Projection(
        kind="account",
        class_="Account",
        name="name",
        traits=("code", "type", "sub_type", "normal_balance", "description", "active", "currency", "current_balance"),
        links=(Link("CONTAINS", start=End("account", "parent_account_id")),),
    )

    source_id: Name
    name: Name
    type: Literal["asset", "liability", "equity", "revenue", "expense"]
    code: str | None = None
    sub_type: str | None = None
    normal_balance: Literal["debit", "credit"] | None = None
    parent_account_id: str | None = None
    description: str | None = None
    active: Flag | None = None
    currency: Currency | None = None
    current_balance: Money | None = None

    def complete(self) -> None:
        """Take the side on which the account usually stands from its type."""
        super().complete()
        if self.normal_balance is None:
            self.normal_balance = "debit" if self.type in ("asset", "expense") else "credit"


class JournalLine(Part):
    """One line of an entry: a debit or a credit of an account."""

    account_code: Name
    debit: Money | None = None
    credit: Money | None = None
    memo: str | None = None
    line_number: LineNumber | None = None
    reference: str | None = None
    customer_id: str | None = None
    vendor_id: str | None = None
    item_id: str | None = None


def _balanced(lines: list[JournalLine]) -> list[JournalLine]:
    """Refuse an entry by its lines that are not of one side, else by its sums."""
    total = Decimal()
    places: dict[tuple[int | str, ...], str] = {}
    for at, line in enumerate(lines):
        if (line.debit is None) == (line.credit is None):
            places[at,] = _ONE_SIDE
        elif line.debit is not None:
            total = _EXACT.add(total, Decimal(line.debit))
        elif line.credit is not None:
            total = _EXACT.subtract(total, Decimal(line.credit))
    if places:
        raise refused("one_side", places)
    if total:
        more, less = ("debits", "credits") if total > 0 else ("credits", "debits")
        raise refused("unbalanced", {(): f"the {more} come to more than the {less}: an entry has to balance"})
    return lines


class JournalEntryPayload(Timed, Dated):
    """An entry in the books: what is debited is credited as well."""

    document_type: ClassVar[str] = "journal_entry"
    plural: ClassVar[str] = "journal-entries"

    source_id: Name
    entry_date: Day
    status: Literal["draft", "posted", "pending_reversal", "reversed", "superseded"]
    lines: Annotated[list[JournalLine], Field(min_length=2, max_length=MOST_ITEMS), AfterValidator(_balanced)]
    entry_number: str | None = None
    memo: str | None = None
    currency: Currency | None = None
    reverses_entry_id: str | None = None

    def dated(self) -> date | None:
        """Return the day of the entry."""
        return self.entry_date
