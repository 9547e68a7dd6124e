"""The row of the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed of an operator: who did what to what, and when."""

    org_id: int
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
