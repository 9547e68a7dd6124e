"""Receipts as other floors see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """An inbound delivery that was verified and kept; its body is read on its own."""

    org_id: int
    connection_id: int
    id: str
    stream: str
    delivery_id: str | None
    dedupe_key: str
    received_at: datetime
    headers: dict[str, str]
    hidden: list[str]
    """The headers that prove something, which are never shown."""
    params: dict[str, str]
    size: int
    state: str
    run_id: str
    reason: str | None = None
    reply: dict[str, Any] | None = None
    processed_at: datetime | None = None


class EarlierReceipt(NamedTuple):
    """Where a receipt stands and by which key a second one of it is found."""

    connection_id: int
    stream: str
    dedupe_key: str
    id: str
    received_at: datetime
