"""How long an answer asks to be left alone; values in, values out."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_LONGEST_S: Final = 86_400.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` of either spelling as seconds from now; None when there is none that can be read.

    No source is left alone for longer than a day, whatever it says.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), _LONGEST_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or an hour that fits no machine word is the latter
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), _LONGEST_S)
