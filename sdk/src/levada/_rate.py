"""How many requests a source takes in what time, as its authors say it: `10/s`, `600/min`, `5000/h`, `100/10s`."""

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from levada.errors import InvalidDefinition

_SPELLED = re.compile(r"([1-9]\d{0,8})\s*/\s*([1-9]\d{0,5})?\s*(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 86_400


class RateLimit(BaseModel):
    """At most so many requests within any so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(ge=1)
    per_s: int = Field(ge=1, le=_LONGEST_S)

    def __str__(self) -> str:
        unit = next((name for name, seconds in reversed(_SECONDS.items()) if self.per_s % seconds == 0), "s")
        many = self.per_s // _SECONDS[unit]
        return f"{self.requests}/{many if many > 1 else ''}{unit}"


def read_rates(spelled: str | Iterable[str] | None) -> tuple[RateLimit, ...]:
    """Return what one spelling or several say; all of them hold. Raises InvalidDefinition."""
    if spelled is None:
        return ()
    return tuple(_read(one) for one in ([spelled] if isinstance(spelled, str) else spelled))


def _read(spelled: str) -> RateLimit:
    found = _SPELLED.fullmatch(spelled.strip())
    per_s = int(found[2] or 1) * _SECONDS[found[3]] if found else 0
    if found is None or per_s > _LONGEST_S:
        raise InvalidDefinition(
            f"the rate limit {spelled!r} cannot be meant: write 10/s, 600/min, 5000/h, 100/10s or 50000/d, up to a day"
        )
    return RateLimit(requests=int(found[1]), per_s=per_s)
