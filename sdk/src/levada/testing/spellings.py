"""One payload in two spellings, and another that differs from it in one value: what law 2 is tried on."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Payload = dict[str, Any]

_ZONES = [timezone(timedelta(minutes=minutes)) for minutes in (0, 60, -330, 840)]
_names = st.text(alphabet="abé", max_size=3)
_values: SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _names,
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(_names, inside, max_size=3),
    max_leaves=6,
)
_moments = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`


_SAYS_NOTHING: list[Payload] = [{}, {"source_id": "1"}, {"email": None}, {"phone": None, "source_id": "1"}]
"""Fields that a customer has anyway."""


@st.composite
def spellings(draw: DrawFn) -> tuple[Payload, Payload, Payload]:
    """Draw a customer, the same customer spelt in another way, and one that differs in one value."""
    amount = draw(st.booleans()), draw(st.integers(0, 10**6)), draw(st.text(alphabet="0123456789", max_size=4))
    moment, metadata = draw(_moments), draw(st.dictionaries(_names, _values, max_size=3))
    values = amount, moment, metadata
    one, other = _spelt(draw, *values), _spelt(draw, *values)
    return one, other, {**one, **draw(st.sampled_from(_changes(*values)))}


def _spelt(draw: DrawFn, amount: tuple[bool, int, str], moment: datetime, metadata: Payload) -> Payload:
    extra: Payload = draw(st.sampled_from(_SAYS_NOTHING))
    payload: Payload = {
        "customer_id": "1",
        "name": "Ada",
        "balance": _amount(draw, *amount),
        "created_at": _moment(draw, moment),
        **extra,
    }
    empty_is_told = draw(st.booleans())
    if metadata or empty_is_told:
        payload["metadata"] = _in_any_order(draw, metadata)
    return {name: payload[name] for name in draw(st.permutations(list(payload)))}


def _changes(amount: tuple[bool, int, str], moment: datetime, metadata: Payload) -> list[Payload]:
    minus, whole, cents = amount
    return [
        {"balance": f"{'-' if minus else ''}{whole + 1}.{cents or '0'}"},
        {"created_at": (moment + timedelta(microseconds=1)).isoformat()},
        {"metadata": {**metadata, "added": 0}},
        {"name": "Bo"},
        {"email": "ada@example.org"},
    ]


def _amount(draw: DrawFn, minus: bool, whole: int, cents: str) -> str:
    zeros = draw(st.tuples(st.integers(0, 3), st.integers(0, 4)))
    fraction = cents.rstrip("0") + "0" * zeros[1]
    nothing = whole == 0 and not cents.strip("0")
    sign = "-" if (draw(st.booleans()) if nothing else minus) else ""
    return f"{sign}{'0' * zeros[0]}{whole}{'.' if fraction else ''}{fraction}"


def _moment(draw: DrawFn, moment: datetime) -> str:
    told = moment.astimezone(draw(st.sampled_from(_ZONES)))
    spelt = told.isoformat(timespec="microseconds" if draw(st.booleans()) else "auto")
    return spelt.replace("+00:00", "Z") if draw(st.booleans()) else spelt


def _in_any_order(draw: DrawFn, value: Any) -> Any:
    if isinstance(value, list):
        return [_in_any_order(draw, one) for one in value]
    if isinstance(value, dict):
        return {name: _in_any_order(draw, value[name]) for name in draw(st.permutations(list(value)))}
    return value
