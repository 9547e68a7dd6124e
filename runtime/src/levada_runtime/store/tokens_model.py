"""An access token as it is kept."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """The token of one connection: sealed, and empty before there was a first one.

    While `refreshing_by` is set somebody fetches the next one, and is given up at `refreshing_until`. `fence` grows
    with every such attempt.
    """

    org_id: int
    connection_id: int
    credential: bytes
    sealed: bytes
    expires_at: datetime | None
    fence: int
    refreshing_by: str | None
    refreshing_until: datetime | None
    updated_at: datetime
