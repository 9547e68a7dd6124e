"""What the comparisons of a condition mean. Values in, truth out; nothing is ever turned into another type to fit.

Equality is JSON's: `1 == 1.0`, and a number is never a text or a boolean. Order is between two numbers, between two
texts (by code point), and between decimals, which texts such as "12.50" are: an amount may be held against a number or
another amount. Whatever cannot be ordered is not in order. Anything undefined makes every comparison false.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from levada_runtime.pipeline.language.scope import UNDEFINED

_DECIMAL: Final = re.compile(r"-?[0-9]{1,64}(\.[0-9]{1,64})?")


def equal(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return left is not UNDEFINED and bool(left == right)


def within(item: Any, whole: Any) -> bool:
    """Tell whether a list has the item, a text the part, or an object the key."""
    if isinstance(whole, list):
        return any(equal(item, one) for one in whole)
    return isinstance(item, str) and isinstance(whole, str | Mapping) and item in whole


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if _is_number(left) and _is_number(right):
            return compare(left, right)
        one, other = _decimal(left), _decimal(right)
        if one is not None and other is not None:
            return compare(one, other)
        return isinstance(left, str) and isinstance(right, str) and compare(left, right)

    return ordered


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(repr(value)) if _is_number(value) and math.isfinite(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    "in": within,
    "not in": lambda left, right: not within(left, right),
    "contains": lambda left, right: within(right, left),
}


def compare(name: str, left: Any, right: Any) -> bool:
    """Apply an operator by its name."""
    return left is not UNDEFINED and right is not UNDEFINED and OPERATORS[name](left, right)
