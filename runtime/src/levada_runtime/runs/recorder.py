"""What a run says and whom it asks, kept in memory until the next transaction takes it along."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.masking import Mask
from levada_runtime.foundation.text import legible
from levada_runtime.ingest.model import Rejected
from levada_runtime.runs.recording import Recording
from levada_runtime.sandbox.broker.model import Exchange
from levada_runtime.store.model import ExchangeRow, LogLine, RunRow
from levada_runtime.store.unit_of_work import UnitOfWork

MAX_WARNINGS = 100


class Recorder:
    """Collects the log lines and HTTP exchanges of one attempt; secrets are masked before anything is kept.

    What else is recorded of it, if it is, goes along in the same transactions.
    """

    def __init__(self, clock: Clock, mask: Mask, recording: Recording | None = None, asked: int = 0) -> None:
        """Begin an attempt at a run of which `asked` exchanges are kept already."""
        self.mask = mask
        self._asked = asked
        self._clock = clock
        self._recording = recording
        self._lines: list[LogLine] = []
        self._exchanges: list[ExchangeRow] = []
        self._warnings = 0

    def log(self, level: str, message: str, fields: dict[str, Any] | None = None) -> None:
        self._lines.append(
            LogLine(self._clock.now(), level, legible(self.mask(message)), self.mask.value(fields or {}))
        )

    def warn_of_rejected(self, rejected: Rejected) -> None:
        """Log a refused record; after the first hundred only their count goes on."""
        self._warnings += 1
        if self._warnings <= MAX_WARNINGS:
            self.log("warning", *refused_line(rejected))

    @property
    def asked(self) -> int | None:
        """The ordinal of the run's last exchange; None when there was none yet."""
        return self._asked or None

    def exchanged(self, exchanges: Sequence[Exchange]) -> None:
        """Keep tries that have just been made."""
        now = self._clock.now()
        self._exchanges += [_row(exchange, now) for exchange in exchanges]
        self._asked += len(exchanges)

    def flush(self, uow: UnitOfWork, run: RunRow) -> None:
        """Write what was collected, in this unit of work; `forget` it once that has committed."""
        uow.runs.add_logs(run, self._lines)
        uow.runs.add_exchanges(run, self._exchanges, after=self._asked - len(self._exchanges))
        if self._recording is not None:
            self._recording.flush(uow, run)

    def forget(self) -> None:
        self._lines.clear()
        self._exchanges.clear()
        if self._recording is not None:
            self._recording.forget()


def refused_line(rejected: Rejected) -> tuple[str, dict[str, Any]]:
    """Return what a log says of a refused record, and its fields."""
    fields = {
        "document_type": rejected.document_type,
        "idempotency_key": rejected.idempotency_key,
        "reason": rejected.reason,
    }
    return f"refused: {rejected.message}", fields


def _row(exchange: Exchange, at: datetime) -> ExchangeRow:
    return ExchangeRow(
        at=at,
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        bytes=exchange.bytes,
        duration_ms=round(exchange.ms),
        refused="not sent, since the run only observes" if exchange.intercepted else exchange.refused,
    )
