"""Stripe's amounts: whole numbers of a currency's smallest unit, spelled as decimals without passing through floats.

How many decimals a currency has is Stripe's own table, which is not ISO 4217's: ISK and UGX, whose cents are long gone,
are still counted in hundredths, and MGA, which has fifths, in wholes.
"""

from decimal import Decimal
from typing import Any

WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
WITH_THREE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
MOST_DECIMALS = 9
"""More than these a money field does not take."""


def currency_of(row: dict[str, Any]) -> str | None:
    """Return the code of a row's currency in capitals, as contracts have it; Stripe's are small."""
    named = row.get("currency")
    return named.upper() if isinstance(named, str) else named


def amount(minor: Any, currency: str | None) -> Any:
    """Return an amount as a decimal string, or None where there is no amount or no currency to read it in.

    What is no whole number stays as it is, for the contract to refuse.
    """
    if minor is None or currency is None:
        return None
    if not isinstance(minor, int) or isinstance(minor, bool):
        return minor
    return spelled(Decimal(minor), currency)


def unit_price(minor: str | int | None, currency: str | None) -> str | None:
    """Return a price, which may be a fraction of the smallest unit; None when it is too fine for a money field."""
    if minor is None or currency is None:
        return None
    price = spelled(Decimal(minor), currency)
    decimals = price.partition(".")[2]
    return price if len(decimals) <= MOST_DECIMALS else None


def spelled(minor: Decimal, currency: str) -> str:
    """Return a number of a currency's smallest units in the currency itself."""
    return format(minor.scaleb(-decimals_of(currency)), "f")


def decimals_of(currency: str) -> int:
    """Return how many digits behind the point Stripe counts in."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE else 2
