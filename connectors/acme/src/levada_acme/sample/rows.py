"""Acme's rows as its API spells them: how a customer and an invoice look, and three ways for one to be wrong."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

FIRST_NAMES = ("Ada", "Björn", "Chiara", "Dmitri", "Elif", "Fatou", "Grace", "Hiroko", "Ines", "Juan", "Kofi", "Léa")
LAST_NAMES = ("Abbott", "Becker", "Costa", "Dubois", "Eriksen", "Ferrari", "García", "Haddad", "Ito", "Jansen", "Kim")
TRADES = ("Bakery", "Cycles", "Foundry", "Gardens", "Imports", "Joinery", "Logistics", "Orchards", "Press", "Textiles")
CITIES = (("Lisboa", "PT"), ("Lyon", "FR"), ("Malmö", "SE"), ("Oslo", "NO"), ("Porto", "PT"), ("Torino", "IT"))
WORK = (
    ("Consulting", "120.00"),
    ("Hosting", "49.90"),
    ("Licence", "310.00"),
    ("Support", "85.50"),
    ("Training", "640.00"),
)
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP")


def customer(random: Random, number: int, *, nonce: str | None) -> dict[str, Any]:
    """Return a customer as Acme serves it; names carry the stray spaces that typed names do."""
    first, last, trade = random.choice(FIRST_NAMES), random.choice(LAST_NAMES), random.choice(TRADES)
    return {
        "id": number,
        "name": f" {first} {last} " if random.random() < 0.1 else f"{first} {last}",
        "company": f"{last} {trade}",
        "email": f"{last.lower()}.{number}@customers.test",
        "phone": f"+351 2{random.randrange(10_000_000, 99_999_999)}",
        "currency": random.choice(CURRENCIES),
        "balance": _money(random.randrange(0, 500_000)),
        "address": _address(random),
        "tags": {"segment": random.choice(("retail", "trade", "public")), **({"nonce": nonce} if nonce else {})},
        "deleted": False,
    }


def moved(random: Random) -> dict[str, Any]:
    """Return what changes when a customer changes: a new address and a new balance."""
    return {"address": _address(random), "balance": _money(random.randrange(0, 500_000))}


def invoice(random: Random, number: int, buyer: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return an invoice of one to four lines as Acme serves it."""
    lines = [_line(random) for _ in range(random.randint(1, 4))]
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    paid = random.random() < 0.5
    return {
        "id": number,
        "number": f"INV-{number}",
        "state": "paid" if paid else "open",
        "customer": {"id": buyer["id"], "name": buyer["name"].strip()},
        "currency": buyer["currency"],
        "total": str(total),
        "amount_due": "0.00" if paid else str(total),
        "issued_at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "due_on": (now + timedelta(days=30)).date().isoformat(),
        "lines": lines,
    }


def payment(number: int, invoice: dict[str, Any], now: datetime, *, nonce: str | None) -> dict[str, Any]:
    """Return the payment of an invoice as Acme tells of it."""
    return {
        "id": number,
        "state": "settled",
        "amount": str(sum((Decimal(line["amount"]) for line in invoice["lines"]), Decimal(0))),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "invoice": {"id": invoice["id"], "number": invoice["number"]},
        "method": "wire",
        "reference": f"PAY-{number}",
        "tags": {"nonce": nonce} if nonce else {},
        "settled_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def spoil(row: dict[str, Any], way: int) -> None:
    """Make an invoice wrong in one of the ways real sources are: a currency, a float for money, a misspelt field."""
    match way % 3:
        case 0:
            row["currency"] = "EURO"
        case 1:
            row["total"] = float(row["total"])
        case _:
            row["lines"][0]["quantitty"] = row["lines"][0].pop("quantity")


def _line(random: Random) -> dict[str, Any]:
    description, unit_price = random.choice(WORK)
    quantity = random.randint(1, 12)
    return {
        "description": description,
        "quantity": str(quantity),
        "unit_price": unit_price,
        "amount": str(Decimal(unit_price) * quantity),
    }


def _address(random: Random) -> dict[str, str]:
    city, country = random.choice(CITIES)
    return {
        "line1": f"{random.randint(1, 240)} Market Street",
        "city": city,
        "postal_code": f"{random.randint(10000, 99999)}",
        "country": country,
    }


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
