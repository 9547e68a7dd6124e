"""How a scheduled stream fares: whether its runs outgrew its interval, whether it succeeds as often as it should."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from levada_runtime.scheduler.accounting import fire_after
from levada_runtime.store.model import StreamRow

OUTGREW, STALE = "outgrew_interval", "stale"
FLAGS: Final = (OUTGREW, STALE)
_AT_LEAST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Health:
    """When a stream succeeded last, and what an operator should know of it."""

    last_success_at: datetime | None = None
    is_outgrown: bool = False
    is_stale: bool = False

    @property
    def flags(self) -> list[str]:
        """What is the matter with it."""
        return [flag for flag, is_so in ((OUTGREW, self.is_outgrown), (STALE, self.is_stale)) if is_so]

    def view(self) -> dict[str, Any]:
        """Return it as the command line and the API show it."""
        return {"last_success_at": self.last_success_at and self.last_success_at.isoformat(), "flags": self.flags}


def fresh_until(row: StreamRow, last_success: datetime | None, took: Sequence[timedelta]) -> datetime | None:
    """Return until when a stream without another success is as it should be; None when that cannot be told.

    Two moments may come after a success: the first may fail. Once the run of the second should have ended, giving it
    twice the time that the longest of its latest runs took, the stream is stale. A stream that never succeeded is
    measured from when its schedule was set.
    """
    since = last_success or row.schedule_changed_at
    first = fire_after(row, since) if since else None
    second = fire_after(row, first) if first else None
    return second + max(_AT_LEAST, 2 * max(took, default=timedelta())) if second else None
