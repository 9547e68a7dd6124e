"""From rows to canonical documents."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from operator import itemgetter
from statistics import fmean
from typing import Any, Final

_MINOR: Final[dict[str, int]] = {"EUR": 2, "JPY": 0}
_SPACE = re.compile(r"\s+")


def as_customer(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer."""
    document = {"customer_id": str(row["id"]), "name": _clean(row["name"])}
    if email := row.get("email"):
        document["email"] = email
    document |= {"metadata": {"tags": [tag for tag in row.get("tags", ()) if tag]}}
    document["metadata"]["type"] = row.get("type", "unknown")
    return document


def as_payment(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment."""
    currency = row["currency"].upper()
    digits = _MINOR.get(currency, 2)
    amount = Decimal(row["amount"]).scaleb(-digits).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    return dict(
        source_id=f"pay_{row['id']:05d}",
        amount=f"{amount:,.{digits}f}",
        currency=currency,
        received_at=datetime.fromtimestamp(row["created"], tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        memo=f"{currency} {amount:>8} {row['id']!r}",
    )


def summary(movements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a statement comes to."""
    movements = sorted(movements, key=itemgetter("on", "amount"))
    by_day: defaultdict[str, list[Decimal]] = defaultdict(list)
    for movement in movements:
        by_day[movement["on"]].append(Decimal(movement["amount"]))
    totals = {day: str(sum(amounts, Decimal())) for day, amounts in by_day.items()}
    words = Counter(word for movement in movements for word in movement.get("text", "").lower().split())
    longest, *_ = sorted(words, key=lambda word: (-len(word), word)) or [""]
    return {
        "days": totals,
        "mean": round(fmean(float(m["amount"]) for m in movements), 3),
        "words": dict(words.most_common(2)),
        "longest": longest,
    }


def _clean(name: str) -> str:
    return _SPACE.sub(lambda match: " " if match.group() else "", name).strip()
