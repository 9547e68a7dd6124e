"""What is known of connectors' trust, as frozen values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ConnectorApprovalRow:
    """What an operator lets a connector do, whichever of its versions: the latest declaration that was approved."""

    key: str
    version: str
    """The version that declared it."""
    declaration: dict[str, list[str]]
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectorQuarantineRow:
    """A version of a connector that broke out, or tried to: its very source, and what it did."""

    key: str
    source_hash: str
    version: str
    reason: str
    message: str
    during: str
    """What the connector was asked for: `poll`, `webhook`, `check` or `describe`."""
    run_id: str | None
    """The run that ended so; a check and a description are none."""
    quarantined_at: datetime
    released_at: datetime | None = None
