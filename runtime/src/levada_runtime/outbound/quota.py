"""What an answer's headers say of how many more requests are welcome, in the spellings that are met; values in and out.

`X-RateLimit-*`, `X-Rate-Limit-*` and `RateLimit-*` with a number each, and the `RateLimit` and `RateLimit-Policy` of
the standard to come, older and newer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from levada_runtime.outbound.headers import Headers

_FAMILIES: Final = ("ratelimit", "x-ratelimit", "x-rate-limit")
_LONGEST_S: Final = 86_400.0
_EPOCH: Final = 1e9
"""A larger number is a moment, not a wait; one a thousand times as large counts in milliseconds."""
_MOST: Final = 10**9
_NUMBER = re.compile(r"\s*(\d{1,18}(\.\d{1,9})?)\s*(?:[,;]|$)")
_WINDOW = re.compile(r";\s*w=(\d{1,7})")
_ITEM = re.compile(r'\s*(?:"(?P<name>[^"]{0,100})"|(?P<bare>[^;,\s]{1,100}))(?P<rest>(?:\s*;[^,;]*)*)\s*(?:,|$)')
_PARAMETER = re.compile(r";\s*([a-z]+)\s*=\s*(\d{1,12})\b")
_PAIR = re.compile(r"(limit|remaining|reset)\s*=\s*(\d{1,12})\b")


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left, until when, and what there is in a whole window; None for what was not said."""

    remaining: int
    resets_in_s: float | None = None
    limit: int | None = None
    per_s: float | None = None


def quota_of(headers: Headers, now: datetime) -> Quota | None:
    """Read an answer's headers; None when they tell nothing of what is left.

    A moment is counted from the source's own `Date`, since its clock may not be ours. A wait of less than a second in
    a header of whole seconds is taken for a whole one.
    """
    said = {name.lower(): value for name, value in headers}
    for family in _FAMILIES:
        remaining = _number(said.get(f"{family}-remaining"))
        if remaining is not None:
            return _plain(said, family, remaining, now)
    return _combined(said)


def _plain(said: Mapping[str, str], family: str, remaining: float, now: datetime) -> Quota:
    after = _number(said.get(f"{family}-reset-after"))
    limit_said = said.get(f"{family}-limit", "")
    limit, window = _number(limit_said), _WINDOW.search(limit_said)
    return Quota(
        min(int(remaining), _MOST),
        _bounded(after) if after is not None else _reset(said.get(f"{family}-reset"), said.get("date"), now),
        None if not limit else min(int(limit), _MOST),
        float(window[1]) if window else None,
    )


def _reset(value: str | None, date: str | None, now: datetime) -> float | None:
    """Return in how many seconds a window ends: said as a wait, or as a moment of some spelling."""
    if value is None:
        return None
    number = _number(value)
    if number is None:
        moment = _moment(value)
        return None if moment is None else _bounded((moment - _source_time(date, now)).total_seconds())
    if number < _EPOCH:
        return _bounded(number if "." in value else max(number, 1.0))
    seconds = number / 1000 if number > _EPOCH * 1000 else number
    return _bounded(seconds - _source_time(date, now).timestamp())


def _combined(said: Mapping[str, str]) -> Quota | None:
    """Read `RateLimit: limit=10, remaining=3, reset=1` or `RateLimit: "a";r=3;t=1`: of several, what is left least."""
    value = said.get("ratelimit")
    if value is None:
        return None
    policies = dict(_items(said.get("ratelimit-policy", "")))
    pairs = {name: int(number) for name, number in _PAIR.findall(value)}
    if "remaining" in pairs:
        policy = policies.get(str(pairs.get("limit")), {})
        reset, limit = pairs.get("reset"), pairs.get("limit")
        return Quota(pairs["remaining"], _whole(reset), limit or None, _float(policy.get("w")))
    left = [(given["r"], given.get("t"), policies.get(name, {})) for name, given in _items(value) if "r" in given]
    if not left:
        return None
    remaining, reset, policy = min(left, key=lambda one: one[0])
    return Quota(remaining, _whole(reset), policy.get("q") or None, _float(policy.get("w")))


def _items(value: str) -> Iterator[tuple[str, dict[str, int]]]:
    for found in _ITEM.finditer(value[:2_000]):
        given = {name: int(number) for name, number in _PARAMETER.findall(found["rest"])}
        yield found["name"] if found["name"] is not None else found["bare"], given


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value) if value is not None else None
    return float(found[1]) if found else None


def _float(value: int | None) -> float | None:
    return None if not value else float(value)


def _whole(seconds: int | None) -> float | None:
    return None if seconds is None else _bounded(max(float(seconds), 1.0))


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_S)


def _moment(value: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value.strip())
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _source_time(date: str | None, now: datetime) -> datetime:
    return (_moment(date) if date else None) or now
