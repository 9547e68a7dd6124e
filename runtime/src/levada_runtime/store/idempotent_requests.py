"""Requests that asked to be answered only once, with their answers."""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.idempotent_requests_model import IdempotentRequestRow
from levada_runtime.store.tables import idempotent_requests as requests


class IdempotentRequests:
    """One row for an organisation, a key and a path."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org_id: int, key: str, path: str) -> IdempotentRequestRow | None:
        query = sa.select(requests).where(*_of(org_id, key, path))
        return next(iter(read_as(IdempotentRequestRow, self._connection.execute(query))), None)

    def begin(self, row: IdempotentRequestRow) -> None:
        """Say that a request is being answered; an older one under the same key is forgotten."""
        self.forget(row.org_id, row.key, row.path)
        self._connection.execute(sa.insert(requests).values(as_columns(row)))

    def finish(self, row: IdempotentRequestRow) -> bool:
        """Keep the answer; False when another request has taken the key over meanwhile."""
        unfinished = requests.c.started_at == row.started_at, requests.c.status.is_(None)
        answered = sa.update(requests).where(*_of(row.org_id, row.key, row.path), *unfinished)
        values = {"status": row.status, "answer": row.answer, "finished_at": row.finished_at}
        return self._connection.execute(answered.values(values)).rowcount == 1

    def forget(self, org_id: int, key: str, path: str) -> None:
        self._connection.execute(sa.delete(requests).where(*_of(org_id, key, path)))

    def forget_before(self, org_id: int, moment: datetime) -> None:
        """Forget the requests that nobody may repeat any more."""
        expired = sa.delete(requests).where(requests.c.org_id == org_id, requests.c.started_at < moment)
        self._connection.execute(expired)


def _of(org_id: int, key: str, path: str) -> tuple[sa.ColumnElement[bool], ...]:
    return requests.c.org_id == org_id, requests.c.key == key, requests.c.path == path
