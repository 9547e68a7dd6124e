"""What a stream's schedule comes to by now: pure functions over its row, and over what the ledger says already."""

from dataclasses import dataclass
from datetime import datetime

from levada_runtime.runs.ticks import Due
from levada_runtime.scheduler.cron import next_fire
from levada_runtime.scheduler.spans import fires_within, without_last
from levada_runtime.store.model import StreamRow


@dataclass(frozen=True, slots=True)
class Look:
    """A stream that is to be looked at: whether moments of it have come that the ledger says nothing of.

    One that a schedule woke knows the moment that came (`at`), the one before it and the one after it, so that mostly
    nothing has to be looked up; one without is looked at because nobody has done so since it is known.
    """

    stream: StreamRow
    at: datetime | None = None
    before: datetime | None = None
    following: datetime | None = None


def hash_id(row: StreamRow) -> str:
    """Return what places a stream's `H`: the same on every start and every machine."""
    return f"{row.org_id}/{row.connection_id}/{row.stream}"


def fire_after(row: StreamRow, moment: datetime) -> datetime | None:
    """Return when a stream is next due after a moment."""
    return next_fire(row.cron, row.timezone, moment, hash_id(row)) if row.cron else None


def is_the_next(look: Look, accounted: datetime, now: datetime) -> bool:
    """Tell whether what woke a stream is the one moment that has come since the ledger was last in order."""
    knows = look.before is None or look.before <= accounted
    return look.at is not None and knows and accounted < look.at and (look.following is None or now < look.following)


def due_since(row: StreamRow, accounted: datetime, now: datetime) -> Due | None:
    """Return the latest moment since `accounted` with those before it; None when none has come."""
    if not row.cron:
        return None
    where = (row.cron, row.timezone)
    span = fires_within(*where, accounted, now, hash_id(row))
    return Due(row, span.last, without_last(*where, span, hash_id(row))) if span else None


def accounted_for(row: StreamRow, by_ledger: datetime | None) -> datetime | None:
    """Return up to when all is said of a stream; None when it has no past that anybody knows of.

    Moments from before its schedule was what it is were never due.
    """
    known = [moment for moment in (by_ledger, row.schedule_changed_at) if moment is not None]
    return max(known, default=None)
