"""A request that asked to be answered only once, as a frozen value."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IdempotentRequestRow:
    """What was answered to the first request under a key; `status` and `answer` are None while it is being made."""

    org_id: int
    key: str
    path: str
    body_hash: bytes
    started_at: datetime
    status: int | None = None
    answer: str | None = None
    finished_at: datetime | None = None
