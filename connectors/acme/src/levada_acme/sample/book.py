"""What Acme knows: customers and invoices, how they change over time, and how they are read page by page."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from levada_acme.sample import rows

Row = dict[str, Any]

FIRST_CUSTOMER, FIRST_INVOICE, FIRST_PAYMENT = 1001, 50001, 90001
FIRST_CHANGE = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Served:
    """The truth at one moment: every row as Acme would serve it, by its id."""

    customers: Mapping[int, Row]
    deleted: frozenset[int]
    invoices: Mapping[int, Row]
    invalid: frozenset[int]

    @property
    def counts(self) -> dict[str, int]:
        """What a connector that has read everything must have: live customers, tombstones, good and bad invoices."""
        return {
            "customers": len(self.customers),
            "deleted": len(self.deleted),
            "invoices": len(self.invoices),
            "invalid": len(self.invalid),
        }


class Book:
    """Acme's data, the same for the same seed and the same number of advances."""

    def __init__(self, *, seed: int, customers: int, invoices: int, invalid: int, nonce: str | None = None) -> None:
        self._random = Random(seed)  # noqa: S311 -- the same seed must give the same data; nothing here is secret
        self._now = FIRST_CHANGE
        self._nonce = nonce
        self._customers: dict[int, Row] = {}
        self._invoices: dict[int, Row] = {}
        self._payments = 0
        self._sorted: dict[str, list[Row]] = {}
        for _ in range(customers):
            self._add_customer()
        for _ in range(invoices if customers else 0):
            self._add_invoice()
        self._invalid = self._spoil(invalid)

    def page(self, kind: str, *, since: str, after: int, size: int) -> tuple[list[Row], bool]:
        """Return up to `size` rows changed at or after `since`, oldest first, and whether there are more.

        Of the rows changed at that very instant, those above the id `after`. A row that changes while somebody pages
        moves to the end and is met there, so no page is ever shifted by another's change.
        """
        changed = self._by_change(kind)
        start = bisect_right(changed, (since, after), key=_change)
        return [dict(row) for row in changed[start : start + size]], start + size < len(changed)

    def advance(self) -> None:
        """Let time pass: some customers change, a few come, a few go, and some invoices are paid."""
        self._now += timedelta(hours=1)
        live = [row for row in self._customers.values() if not row["deleted"]]
        share = max(1, len(live) // 50)
        touched = self._random.sample(live, min(len(live), share * 2))
        for row in touched[:share]:
            self._touch(row, **rows.moved(self._random))
        for row in touched[share : share + max(1, share // 4)]:
            self._touch(row, deleted=True)
        for _ in range(max(1, share // 2)):
            self._add_customer()
        self._pay(share)

    def settle(self) -> Row:
        """Return the next payment, of the invoices in turn; what is read page by page stays as it is.

        Raises LookupError when there is no invoice to pay.
        """
        good = [row for key, row in self._invoices.items() if key not in self._invalid]
        if not good:
            raise LookupError("there is no invoice to pay")
        paid = good[self._payments % len(good)]
        self._payments += 1
        moment = self._now + timedelta(seconds=self._payments)
        return rows.payment(FIRST_PAYMENT + self._payments - 1, paid, moment, nonce=self._nonce)

    def served(self) -> Served:
        """Return the truth now, as copies that later changes do not touch."""
        return Served(
            customers={key: dict(row) for key, row in self._customers.items() if not row["deleted"]},
            deleted=frozenset(key for key, row in self._customers.items() if row["deleted"]),
            invoices={key: dict(row) for key, row in self._invoices.items() if key not in self._invalid},
            invalid=self._invalid,
        )

    def _add_customer(self) -> None:
        number = FIRST_CUSTOMER + len(self._customers)
        nonce = self._nonce if len(self._customers) % 10 == 0 else None
        self._touch(self._customers.setdefault(number, rows.customer(self._random, number, nonce=nonce)))
        self._customers[number]["created_at"] = self._customers[number]["updated_at"]

    def _add_invoice(self) -> None:
        number = FIRST_INVOICE + len(self._invoices)
        customer = self._random.choice(list(self._customers.values()))
        self._touch(self._invoices.setdefault(number, rows.invoice(self._random, number, customer, self._now)))

    def _pay(self, count: int) -> None:
        unpaid = [row for key, row in self._invoices.items() if row["state"] == "open" and key not in self._invalid]
        for row in self._random.sample(unpaid, min(len(unpaid), count)):
            self._touch(row, state="paid", amount_due="0.00")

    def _spoil(self, count: int) -> frozenset[int]:
        """Spoil some invoices from the middle of the book, each in one of three ways; return their ids."""
        numbers = list(self._invoices)[:-1]
        chosen = sorted(self._random.sample(numbers, min(count, len(numbers))))
        for place, number in enumerate(chosen):
            rows.spoil(self._invoices[number], place)
        return frozenset(chosen)

    def _touch(self, row: Row, **changes: object) -> None:
        """Change a row at a moment of its own, as a database with a change clock would."""
        self._now += timedelta(milliseconds=250)
        row.update(changes, updated_at=self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        self._sorted.clear()

    def _by_change(self, kind: str) -> list[Row]:
        if kind not in self._sorted:
            book = self._customers if kind == "customers" else self._invoices
            self._sorted[kind] = sorted(book.values(), key=_change)
        return self._sorted[kind]


def _change(row: Row) -> tuple[str, int]:
    return row["updated_at"], row["id"]
