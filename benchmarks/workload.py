"""The records that are measured: customers of about twelve fields, the same for the same seed."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from levada import Draft

CITIES = ("Funchal", "Machico", "Calheta", "Santana", "São Vicente")
BATCH = 1000


def customers(count: int, *, seed: int = 1, changed: float = 0.0) -> list[dict[str, Any]]:
    """Return `count` customers; a share of `changed` has another balance than without it."""
    rng, moved = random.Random(seed), random.Random(seed + 1)
    return [_customer(rng, number, moved.random() < changed) for number in range(count)]


def drafts(rows: Sequence[dict[str, Any]]) -> Iterator[list[Draft]]:
    """Return the rows in batches, as a route would hand them over."""
    for start in range(0, len(rows), BATCH):
        yield [
            Draft(
                payload=orjson.dumps(row),
                idempotency_key=f"bench:customer:{row['customer_id']}",
                source_id=row["customer_id"],
                source_time=None,
                failure=None,
                source_id_fixed=False,
            )
            for row in rows[start : start + BATCH]
        ]


def _customer(rng: random.Random, number: int, is_changed: bool) -> dict[str, Any]:
    balance = rng.randrange(1_000_000) + (1 if is_changed else 0)
    return {
        "customer_id": f"c{number:07}",
        "name": f"Customer {number} {rng.choice(CITIES)}",
        "email": f"customer{number}@example.com",
        "phone": f"+351 291 {number % 1_000_000:06}",
        "company_name": f"Company {number % 1000}",
        "currency": "EUR",
        "balance": f"{balance // 100}.{balance % 100:02}",
        "tax_exempt": number % 7 == 0,
        "description": "A customer of the measurement, with a sentence that says nothing more.",
        "created_at": "2026-01-01T00:00:00Z",
        "metadata": {"segment": number % 5, "city": rng.choice(CITIES)},
    }
