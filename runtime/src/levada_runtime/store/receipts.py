"""Receipts: webhooks as they arrived, each with the run and the work that carry it out."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._found import find_rows
from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.model import RunRow, WorkRow
from levada_runtime.store.postgresql import together
from levada_runtime.store.receipts_model import EarlierReceipt, ReceiptRow
from levada_runtime.store.tables import receipts, runs, work
from levada_runtime.store.work import UNFINISHED

Entry = tuple[ReceiptRow, bytes, RunRow, WorkRow]
"""A receipt, its body, and what will carry it out."""
_UNFINISHED: sa.BindParameter[Any] = sa.bindparam("unfinished", UNFINISHED, expanding=True, literal_execute=True)
"""Written out, so that SQLite sees that the index of unfinished work is the one to use."""
_COLUMNS = [receipts.c[name] for name in ReceiptRow.__dataclass_fields__]
_PLACE = ("connection_id", "stream", "dedupe_key")


class Receipts:
    """What was accepted and what became of it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def enter(self, entries: Sequence[Entry]) -> None:
        """Keep receipts together with their runs and their work, each table with one statement."""
        if not entries:
            return
        kept = [{**as_columns(receipt), "body": body} for receipt, body, _, _ in entries]
        with together(self._connection):
            self._connection.execute(sa.insert(receipts), kept)
            self._connection.execute(sa.insert(runs), [as_columns(run) for _, _, run, _ in entries])
            self._connection.execute(sa.insert(work), [as_columns(row) for _, _, _, row in entries])

    def known(self, org_id: int, places: Iterable[tuple[int, str, str]]) -> list[EarlierReceipt]:
        """Return an organisation's receipts at these places (connection, stream and key), oldest first."""
        found = find_rows(self._connection, EarlierReceipt, receipts, _PLACE, org_id, places)
        return sorted(found, key=lambda one: one.received_at)

    def waiting(self, org_id: int, connection_id: int, key: str, at_most: int) -> int:
        """Count the unfinished work of a stream's receipts, up to `at_most`."""
        found = sa.select(work.c.id).where(
            work.c.org_id == org_id,
            work.c.connection_id == connection_id,
            work.c.key == key,
            work.c.state.in_(_UNFINISHED),
        )
        counted = sa.select(sa.func.count()).select_from(found.limit(at_most).subquery())
        return int(self._connection.execute(counted).scalar_one())

    def get(self, org_id: int, receipt_id: str) -> ReceiptRow | None:
        query = sa.select(*_COLUMNS).where(receipts.c.org_id == org_id, receipts.c.id == receipt_id)
        return next(iter(read_as(ReceiptRow, self._connection.execute(query))), None)

    def body(self, receipt: ReceiptRow) -> bytes:
        """Return the bytes as they arrived."""
        query = sa.select(receipts.c.body).where(*_of(receipt.org_id, receipt.connection_id, receipt.id))
        return bytes(self._connection.execute(query).scalar_one())

    def change(self, org_id: int, connection_id: int, receipt_id: str, **values: Any) -> None:
        self._connection.execute(sa.update(receipts).where(*_of(org_id, connection_id, receipt_id)).values(values))

    def page_of(
        self,
        org_id: int,
        *,
        connection_id: int | None = None,
        stream: str | None = None,
        state: str | None = None,
        before: str | None = None,
        limit: int,
    ) -> list[ReceiptRow]:
        """Return receipts, newest first, from below the id `before`."""
        given = {receipts.c.connection_id: connection_id, receipts.c.stream: stream, receipts.c.state: state}
        conditions = [column == value for column, value in given.items() if value is not None]
        if before is not None:
            conditions.append(receipts.c.id < before)
        query = sa.select(*_COLUMNS).where(receipts.c.org_id == org_id, *conditions)
        return read_as(ReceiptRow, self._connection.execute(query.order_by(receipts.c.id.desc()).limit(limit)))


def _of(org_id: int, connection_id: int, receipt_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return receipts.c.org_id == org_id, receipts.c.connection_id == connection_id, receipts.c.id == receipt_id
