"""What becomes of scheduled moments: which of them is run, and what the ledger says of each of the others, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from levada_runtime.store.model import StreamRow, TickRow

RAN, SKIPPED = "ran", "skipped"
DOWN = "down"
GRACE: Final = timedelta(minutes=1)
"""How late a moment may be taken before it counts as missed: nobody was there when it came."""


@dataclass(frozen=True, slots=True)
class Span:
    """Moments of one schedule that follow one another: the first, the last, and how many they are."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Due:
    """A stream's latest moment that has come, and those before it that nobody was there to take."""

    stream: StreamRow
    at: datetime
    earlier: Span | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Who stands in a stream's line already."""

    running: int = 0
    waiting: int = 0


def why_not(stream: StreamRow, connection_state: str, line: Line) -> str | None:
    """Return why a moment is not run, as the ledger calls it; None when it is."""
    if connection_state != "active":
        return connection_state
    if stream.paused:
        return "paused"
    is_full = line.waiting or (line.running and stream.overlap != "queue_one")
    return "overlap" if is_full else None


def passed_over(due: Due, now: datetime) -> Span | None:
    """Return the moments that are given up because nobody was there when they came; `due.at` may be one of them."""
    if now - due.at <= GRACE or due.stream.missed != "skip":
        return due.earlier
    if due.earlier is None:
        return Span(due.at, due.at, 1)
    return Span(due.earlier.first, due.at, due.earlier.count + 1)


def outage(stream: StreamRow, span: Span, now: datetime) -> TickRow:
    """Return the one row that tells of all moments of an outage."""
    return _row(stream, span.first, now, reason=DOWN, until=span.last, count=span.count)


def taken(due: Due, now: datetime, *, reason: str | None, run_id: str | None) -> TickRow:
    """Return the row of a moment that was run, or was not for a reason."""
    return _row(due.stream, due.at, now, reason=reason, run_id=run_id)


def late_s(tick: TickRow, started_at: datetime | None) -> float | None:
    """Return how late a moment was run: until its run began, or else was entered; None when it was skipped."""
    if tick.outcome != RAN:
        return None
    return max(0.0, round(((started_at or tick.decided_at) - tick.scheduled_for).total_seconds(), 3))


def outgrew(lasted: Sequence[tuple[timedelta, timedelta]]) -> bool:
    """Tell whether a stream's runs take longer than its schedule leaves between them.

    Each pair is how long one of its latest runs took, and how long it was from its moment to the next one. Most of
    them have to have taken longer, and at least two: one slow answer of a source says nothing.
    """
    longer = sum(took > interval for took, interval in lasted)
    return longer >= max(2, len(lasted) // 2 + 1)


def _row(
    stream: StreamRow,
    at: datetime,
    now: datetime,
    *,
    reason: str | None,
    run_id: str | None = None,
    until: datetime | None = None,
    count: int = 1,
) -> TickRow:
    return TickRow(
        org_id=stream.org_id,
        connection_id=stream.connection_id,
        stream=stream.stream,
        scheduled_for=at,
        outcome=SKIPPED if reason else RAN,
        reason=reason,
        run_id=run_id,
        decided_at=now,
        until=until,
        count=count,
    )
