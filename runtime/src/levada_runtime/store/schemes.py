"""Idempotency schemes that an operator accepted: from that moment on, older documents may take new keys."""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import insert_or_change
from levada_runtime.store.tables import idempotency_schemes

_KEY = ("org_id", "connection_id", "stream", "document_type")


class Schemes:
    """When the scheme of a stream's document type was accepted last."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def accept(self, scope: tuple[int, int], stream: str, document_type: str, at: datetime) -> None:
        """Let documents that have had their keys since before `at` take those that their records come under now."""
        values = dict(zip(_KEY, (*scope, stream, document_type), strict=True))
        insert_or_change(self._connection, idempotency_schemes, {**values, "accepted_at": at}, _KEY)

    def accepted_at(self, scope: tuple[int, int], stream: str, document_type: str) -> datetime | None:
        place = zip(_KEY, (*scope, stream, document_type), strict=True)
        query = sa.select(idempotency_schemes.c.accepted_at)
        return self._connection.execute(
            query.where(*(idempotency_schemes.c[name] == value for name, value in place))
        ).scalar()
