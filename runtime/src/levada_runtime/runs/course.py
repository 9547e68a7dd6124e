"""What a backfill does next, what it came to, and how long it has still to go. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from levada import Window
from levada_runtime.runs.windows import Cut, Span
from levada_runtime.store.backfills_model import BackfillRow, SliceRow

UNFINISHED = frozenset({"queued", "running"})
HOLES = frozenset({"failed", "cancelled"})
"""How a slice ends that leaves something unread."""
DONE = frozenset({"succeeded", "partial"})
_HOPELESS = frozenset({"auth", "policy", "sandbox_violation", "protocol_violation"})
"""Reasons that the next slice would fail for as well."""
_FAILED_AT_MOST = 5
RECENT = 20
"""By how many of the latest slices it is told how long the rest will take."""


@dataclass(frozen=True, slots=True)
class Move:
    """The windows to enter now; with `state` the backfill has ended, and how."""

    windows: Sequence[Window] = ()
    entered: int = 0
    """How many slices will have had a run then."""
    state: str | None = None


def next_move(
    backfill: BackfillRow, slices: Sequence[SliceRow], *, has_partial: bool = False, abandoned: bool = False
) -> Move:
    """Decide what follows from the slices that are under way or unread, and whether any was read in part only.

    `abandoned` means that nobody may go on with it.
    """
    waiting = sum(one.state in UNFINISHED for one in slices)
    if abandoned or backfill.cancel_requested_at is not None:
        return Move((), backfill.entered, None if waiting else "cancelled")
    windows: list[Window] = []
    entered = backfill.entered
    if not _is_hopeless(backfill, slices):
        room = max(0, backfill.parallel - waiting)
        again = [Window(one.window_from, one.window_until) for one in slices if _is_to_repeat(backfill, one)]
        windows = again[:room]
        fresh = range(entered, min(backfill.slices, entered + room - len(windows)))
        windows += [cut_of(backfill).window(number) for number in fresh]
        entered = fresh.stop if fresh else entered
    if windows or waiting:
        return Move(windows, entered)
    if any(one.state in HOLES for one in slices) or entered < backfill.slices:
        return Move((), entered, "failed")
    return Move((), entered, "partial" if has_partial else "succeeded")


def cut_of(backfill: BackfillRow) -> Cut:
    """Return a backfill's slices."""
    return Cut(backfill.begins_at, backfill.ends_at, Span.read(backfill.slice))


def ends_at(
    backfill: BackfillRow, done: int, recent: Sequence[tuple[datetime, datetime]], now: datetime
) -> datetime | None:
    """Return when a backfill will have ended if it goes on as it went lately; None while nobody can tell.

    `done` slices have been read; `recent` is when the latest of them began and ended.
    """
    if not recent or backfill.state != "running":
        return None
    last, first = max(end for _, end in recent), min(start for start, _ in recent)
    return max(now, last + (last - first) / len(recent) * (backfill.slices - done))


def _is_to_repeat(backfill: BackfillRow, one: SliceRow) -> bool:
    return one.state in HOLES and one.queued_at < backfill.begun_at


def _is_hopeless(backfill: BackfillRow, slices: Sequence[SliceRow]) -> bool:
    """Tell whether so much failed since it was begun that the rest would, too."""
    failed = [one for one in slices if one.state == "failed" and one.queued_at >= backfill.begun_at]
    return len(failed) >= _FAILED_AT_MOST or any(one.reason in _HOPELESS for one in failed)
