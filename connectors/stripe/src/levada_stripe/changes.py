"""What a handful of events comes to, object by object: values in, values out.

Stripe promises no order, neither of deliveries nor in its list, and its times are whole seconds. So the latest event of
an object speaks for it, two of the same second are asked about, and a deletion is the last thing in its second.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

LAST_OF_A_SECOND = timedelta(microseconds=999_999)


@dataclass(frozen=True)
class Change:
    """What is known of one object: its row, or None when Stripe has to be asked; `seconds` is when it was so."""

    object: str
    id: str
    seconds: int
    row: dict[str, Any] | None
    gone: bool = False

    @property
    def at(self) -> datetime:
        """The moment of the change."""
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def ended_at(self) -> datetime:
        """The moment of a deletion, after anything else that happened in its second."""
        return self.at + LAST_OF_A_SECOND


def changes_in(events: Iterable[dict[str, Any]], version: str | None = None) -> list[Change]:
    """Return the changes that events tell of, one an object, in whatever order the events come.

    With a `version`, the row of an event that was rendered in another one is not taken, unless there is no other left.
    """
    latest: dict[str, Change] = {}
    for event in events:
        told = told_by(event, version)
        latest[told.id] = later(latest[told.id], told) if told.id in latest else told
    return list(latest.values())


def told_by(event: dict[str, Any], version: str | None) -> Change:
    """Return what one event tells."""
    row = event["data"]["object"]
    gone = event["type"].endswith(".deleted")
    usable = gone or version is None or event.get("api_version") == version
    return Change(row["object"], row["id"], event["created"], row if usable else None, gone)


def later(one: Change, other: Change) -> Change:
    """Return which of two changes of an object holds."""
    if one.seconds != other.seconds:
        return max(one, other, key=lambda change: change.seconds)
    if one.gone or other.gone:
        return one if one.gone else other
    return replace(one, row=None)
