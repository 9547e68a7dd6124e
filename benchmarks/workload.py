"""The records that are measured: customers and bank transactions of about twelve fields, always the same ones.

A page is made from its number alone, so that any number of records can be had in any order without keeping them.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from levada import Draft

BATCH = 1000
CHANGED_EVERY = 10
"""In phase C the first of every ten records is another than in phase A."""

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
CHANGED_AT = "2026-06-01T00:00:00Z"
FIRST = ("Ana", "Bo", "Carla", "Dan", "Eva", "Finn", "Gita", "Hugo", "Inês", "Jan", "Lena", "Otto", "Rosa", "Wen")
LAST = ("Berg", "Costa", "Dahl", "Fischer", "Garcia", "Ito", "Kim", "Meyer", "Novak", "Patel", "Silva", "Zhang")
PLACES = (("Funchal", "PT"), ("Zürich", "CH"), ("Berlin", "DE"), ("Austin", "US"), ("Kraków", "PL"), ("Lyon", "FR"))
CURRENCIES = ("EUR", "USD", "CHF", "JPY")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A document type with the fields that identify a record and that tell a changed one."""

    name: str
    key: str
    money: str
    make: Callable[[random.Random, int], Row]
    change: Callable[[Row], None]


def page(kind: str, number: int, *, changed: bool = False, size: int = BATCH) -> list[Row]:
    """Return the records of a page, the first page being 0; `changed` changes every tenth."""
    one, rng = KINDS[kind], random.Random(f"{kind}/{number}")
    made = []
    for index in range(number * BATCH, number * BATCH + size):
        row = one.make(rng, index)
        if changed and index % CHANGED_EVERY == 0:
            one.change(row)
        made.append(row)
    return made


def pages(kind: str, count: int, *, changed: bool = False) -> Iterator[list[Row]]:
    """Yield the first `count` records in pages."""
    for start in range(0, count, BATCH):
        yield page(kind, start // BATCH, changed=changed, size=min(BATCH, count - start))


def rows(kind: str, count: int, *, changed: bool = False) -> list[Row]:
    """Return the first `count` records."""
    return [row for each in pages(kind, count, changed=changed) for row in each]


def as_drafts(kind: str, batch: Sequence[Row]) -> list[Draft]:
    """Return records as a route would hand them over."""
    key = KINDS[kind].key
    return [
        Draft(
            payload=orjson.dumps(row),
            idempotency_key=f"bench:{kind}:{row[key]}",
            source_id=row[key],
            source_time=None,
            failure=None,
            source_id_fixed=False,
        )
        for row in batch
    ]


def _customer(rng: random.Random, number: int) -> Row:
    first, last, (city, country) = rng.choice(FIRST), rng.choice(LAST), rng.choice(PLACES)
    created = EPOCH + timedelta(seconds=rng.randrange(60_000_000))
    return {
        "customer_id": f"cus_{number:08}",
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number}@example.com".lower(),
        "phone": f"+{rng.randrange(10**10, 10**11)}",
        "type": rng.choice(("individual", "company")),
        "currency": rng.choice(CURRENCIES),
        "credit_limit": _money(rng.randrange(5_000_000)),
        "balance": _money(rng.randrange(900_000) - 200_000),
        "created_at": _moment(created),
        "updated_at": _moment(created + timedelta(days=rng.randrange(60))),
        "active": rng.random() < 0.9,
        "address": {
            "line1": f"{rng.randrange(1, 400)} {rng.choice(LAST)} St",
            "city": city,
            "postal_code": f"{rng.randrange(10**5):05}",
            "country": country,
        },
    }


def _change_customer(row: Row) -> None:
    row["balance"] = _more(row["balance"])
    row["updated_at"] = CHANGED_AT


def _bank_transaction(rng: random.Random, number: int) -> Row:
    posted = EPOCH + timedelta(seconds=rng.randrange(60_000_000))
    return {
        "transaction_id": f"txn_{number:09}",
        "account_id": f"acc_{rng.randrange(2000):05}",
        "amount": _money(rng.randrange(1, 400_000)),
        "currency": rng.choice(CURRENCIES),
        "date": posted.date().isoformat(),
        "direction": rng.choice(("debit", "credit")),
        "description": f"{rng.choice(LAST)} {rng.choice(('invoice', 'card', 'salary'))} {rng.randrange(10**6)}",
        "counterparty": f"{rng.choice(LAST)} GmbH",
        "pending": rng.random() < 0.2,
        "posted_at": _moment(posted),
        "reference": f"REF{rng.randrange(10**9):09}",
        "payment_channel": rng.choice(("online", "in store", "other")),
    }


def _change_bank_transaction(row: Row) -> None:
    row["amount"] = _more(row["amount"])
    row["reference"] = f"{row['reference']}-corrected"


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _more(money: str) -> str:
    return _money(round(float(money) * 100) + 10_000_000)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


KINDS = {
    one.name: one
    for one in (
        Kind("customer", "customer_id", "balance", _customer, _change_customer),
        Kind("bank_transaction", "transaction_id", "amount", _bank_transaction, _change_bank_transaction),
    )
}
