"""Backfills as the command line and the API show them: the same figures for a progress bar and for a machine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from levada_runtime.runs.course import DONE, ends_at
from levada_runtime.store.backfills_model import BackfillRow, Progress, SliceRow

COUNTED = ("created", "updated", "unchanged", "retired", "failed")
SHOWN_AT_MOST = 20
"""How many of its slices that are unread are listed."""
Times = tuple[datetime, datetime]


def backfill_view(
    row: BackfillRow,
    progress: Progress,
    recent: Sequence[Times],
    holes: Sequence[SliceRow],
    connection: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return a backfill in the shape that scripts may rely on; counts are those of all its runs.

    `recent` is when its latest slices began and ended, `holes` those that ended unread.
    """
    end = ends_at(row, _done(progress), recent, now)
    return {
        "id": row.id,
        "connection": connection,
        "stream": row.stream,
        "state": row.state,
        "from": row.begins_at.isoformat(),
        "to": row.ends_at.isoformat(),
        "slice": row.slice,
        "parallel": row.parallel,
        "slices": _slices(row, progress),
        "eta_s": None if end is None else round((end - now).total_seconds(), 1),
        "ends_at": _iso(end),
        "counts": {name: progress.counts.get(name, 0) for name in COUNTED},
        "pages": progress.pages,
        "http": {"requests": progress.http_requests, "bytes": progress.http_bytes},
        "holes": [_hole(one) for one in holes],
        "cancel_requested_at": _iso(row.cancel_requested_at),
        "created_at": row.created_at.isoformat(),
        "finished_at": _iso(row.finished_at),
    }


def _slices(row: BackfillRow, progress: Progress) -> dict[str, int]:
    """Return how many slices there are, how many of them are done, and how the others stand."""
    states = ("succeeded", "partial", "failed", "cancelled", "running", "queued")
    return {
        "total": row.slices,
        "done": _done(progress),
        **{state: progress.states.get(state, 0) for state in states},
        "waiting": row.slices - sum(progress.states.values()),
    }


def _done(progress: Progress) -> int:
    return sum(progress.states.get(state, 0) for state in DONE)


def _hole(one: SliceRow) -> dict[str, Any]:
    """Return a slice that ended without having been read, and why."""
    return {
        "run": one.id,
        "from": one.window_from.isoformat(),
        "to": one.window_until.isoformat(),
        "state": one.state,
        "reason": one.reason,
        "message": one.error.get("message") if one.error else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
