"""Backfills as the command line and the API show them: the same figures for a progress bar and for a machine."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from levada_runtime.runs.course import DONE, HOLES, ends_at
from levada_runtime.store.backfills_model import BackfillRow, SliceRow

_COUNTED = ("created", "updated", "unchanged", "retired", "failed")
_SHOWN_AT_MOST = 20
Done = tuple[dict[str, Any], int, int, int]
"""What a run counted, its pages, its HTTP requests and its bytes."""


def backfill_view(
    row: BackfillRow, slices: Sequence[SliceRow], done: Sequence[Done], connection: str | None, now: datetime
) -> dict[str, Any]:
    """Return a backfill in the shape that scripts may rely on; counts are those of all its runs."""
    end = ends_at(row, slices, now)
    return {
        "id": row.id,
        "connection": connection,
        "stream": row.stream,
        "state": row.state,
        "from": row.begins_at.isoformat(),
        "to": row.ends_at.isoformat(),
        "slice": row.slice,
        "parallel": row.parallel,
        "slices": _slices(row, slices),
        "eta_s": None if end is None else round((end - now).total_seconds(), 1),
        "ends_at": _iso(end),
        "counts": {name: sum(counts.get(name, 0) for counts, *_ in done) for name in _COUNTED},
        "pages": sum(pages for _, pages, *_ in done),
        "http": {"requests": sum(one[2] for one in done), "bytes": sum(one[3] for one in done)},
        "holes": [_hole(one) for one in slices if one.state in HOLES][:_SHOWN_AT_MOST],
        "cancel_requested_at": _iso(row.cancel_requested_at),
        "created_at": row.created_at.isoformat(),
        "finished_at": _iso(row.finished_at),
    }


def _slices(row: BackfillRow, slices: Sequence[SliceRow]) -> dict[str, int]:
    """Return how many slices there are, how many of them are done, and how the others stand."""
    states = Counter(one.state for one in slices)
    return {
        "total": row.slices,
        "done": sum(states[state] for state in DONE),
        **{state: states[state] for state in ("succeeded", "partial", "failed", "cancelled", "running", "queued")},
        "waiting": row.slices - len(slices),
    }


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
