"""Receipts: reading them, replaying them, and writing down what became of each."""

import base64
import unicodedata
from datetime import datetime
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.logging import MASK
from levada_runtime.ingest.library import Listing, connection_id, listing
from levada_runtime.runs.queue import new_run, webhook_key
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import OrgRow, RunRow
from levada_runtime.store.receipts_model import ReceiptRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import new_work

STATES = ("received", "processed", "dead")
_LINES = frozenset("\t\n\r")


class ReceiptLibrary:
    """Reads and replays the receipts of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, attempts: int) -> None:
        self._store = store
        self._clock = clock
        self._attempts = attempts

    def receipts(
        self,
        org: OrgRow,
        *,
        connection: str | None = None,
        stream: str | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Listing:
        """Return receipts, newest first.

        Raises UsageFailure for a state that no receipt is in, NotFoundFailure for an unknown connection.
        """
        if state is not None and state not in STATES:
            hint = f"one of {', '.join(STATES)}"
            raise UsageFailure(f"no receipt is in the state {state!r}", code="unknown_state", hint=hint)
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            rows = uow.receipts.page_of(
                org.id,
                connection_id=connection_id(uow, org, connection),
                stream=stream,
                state=state,
                before=cursor,
                limit=limit + 1,
            )
        return listing(rows, limit, lambda row: receipt_view(row, names.get(row.connection_id)), lambda row: row.id)

    def receipt(self, org: OrgRow, receipt_id: str) -> dict[str, Any]:
        """Return a receipt with its headers and its body; what proves anything is not shown.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _found(uow, org, receipt_id)
            name = uow.connections.names(org.id).get(row.connection_id)
            body = uow.receipts.body(row)
        return {
            **receipt_view(row, name),
            "headers": {header: MASK if header in row.hidden else value for header, value in row.headers.items()},
            "params": row.params,
            **_shown(body),
            "reply": row.reply,
        }

    def replay(self, org: OrgRow, receipt_id: str) -> dict[str, Any]:
        """Enter another run for a receipt, behind whatever of its stream waits; the receipt itself stays one.

        Raises NotFoundFailure, or UsageFailure when it waits for a run already, or its connection is gone.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            row = _found(uow, org, receipt_id)
            uow.lock(f"receipts/{row.stream}", row.org_id, row.connection_id)
            row = _found(uow, org, receipt_id)
            if row.state == "received":
                raise UsageFailure(f"the receipt {receipt_id} waits for its run already", code="receipt_waiting")
            connection = uow.connections.get(row.org_id, row.connection_id)
            if connection is None or connection.state == REMOVED:
                raise UsageFailure(f"the connection of the receipt {receipt_id} was removed", code="connection_removed")
            observing = connection.mode == "observe"
            run = new_run(connection, row.stream, now, observing=observing, mode="webhook", receipt_id=row.id)
            uow.runs.add(run)
            uow.work.add(
                new_work(
                    org_id=run.org_id,
                    connection_id=run.connection_id,
                    kind="webhook",
                    key=webhook_key(row.stream),
                    payload={"run": run.id},
                    now=now,
                    max_attempts=self._attempts,
                )
            )
            uow.receipts.change(
                row.org_id, row.connection_id, row.id, state="received", reason=None, run_id=run.id, processed_at=None
            )
            note(uow, org.id, now, "receipt.replay", row.id, run=run.id)
        return self.receipt(org, receipt_id)


def settle(uow: UnitOfWork, run: RunRow, at: datetime, reason: str | None, reply: dict[str, Any] | None = None) -> None:
    """Write what became of the receipt that a run was for: processed, or dead for this reason."""
    if run.receipt_id is not None:
        state = "processed" if reason is None else "dead"
        values = {"state": state, "reason": reason, "reply": reply, "processed_at": at}
        uow.receipts.change(run.org_id, run.connection_id, run.receipt_id, **values)


def receipt_view(row: ReceiptRow, connection: str | None) -> dict[str, Any]:
    """Return a receipt in a list, in the shape that scripts may rely on."""
    return {
        "id": row.id,
        "connection": connection,
        "stream": row.stream,
        "state": row.state,
        "reason": row.reason,
        "delivery_id": row.delivery_id,
        "run": row.run_id,
        "bytes": row.size,
        "received_at": row.received_at.isoformat(),
        "processed_at": row.processed_at.isoformat() if row.processed_at else None,
    }


def _shown(body: bytes) -> dict[str, str]:
    """Return a body as text where it is text that harms no terminal, else as base64."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    if text is None or any(letter not in _LINES and unicodedata.category(letter) == "Cc" for letter in text):
        return {"body": base64.b64encode(body).decode(), "body_encoding": "base64"}
    return {"body": text, "body_encoding": "text"}


def _found(uow: UnitOfWork, org: OrgRow, receipt_id: str) -> ReceiptRow:
    row = uow.receipts.get(org.id, receipt_id)
    if row is None:
        raise NotFoundFailure(f"there is no receipt {receipt_id!r}", hint="`runtime receipts list` shows them")
    return row
