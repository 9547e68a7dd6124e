"""Events: what committed and what users sent, in order within each connection."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._many import insert_rows
from levada_runtime.store._rows import read_as
from levada_runtime.store.model import EventRow
from levada_runtime.store.tables import event_keys, events


class Events:
    """Events of all organisations; those that belong to no connection stand under the connection 0."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[EventRow]) -> None:
        """Add events of one organisation."""
        if rows:
            insert_rows(self._connection, events, rows[0].org_id, rows)

    def get(self, org_id: int, connection_id: int, event_id: int) -> EventRow | None:
        query = sa.select(events).where(*_of(org_id, connection_id), events.c.id == event_id)
        return next(iter(read_as(EventRow, self._connection.execute(query))), None)

    def between(self, org_id: int, connection_id: int, first: int, last: int, limit: int) -> list[EventRow]:
        """Return up to `limit` events from `first` to `last`, both included, in order."""
        query = sa.select(events).where(*_of(org_id, connection_id), events.c.id.between(first, last))
        return read_as(EventRow, self._connection.execute(query.order_by(events.c.id).limit(limit)))

    def since(self, org_id: int, moment: datetime, after: int, limit: int) -> list[EventRow]:
        """Return up to `limit` events received since `moment`, in order of their ids, above the id `after`."""
        query = sa.select(events).where(events.c.org_id == org_id, events.c.received_at >= moment, events.c.id > after)
        return read_as(EventRow, self._connection.execute(query.order_by(events.c.id).limit(limit)))

    def sent_under(self, org_id: int, keys: Sequence[str], since: datetime) -> dict[str, int]:
        """Return the event ids of keys that were used since then."""
        query = sa.select(event_keys.c.key, event_keys.c.event_id).where(
            event_keys.c.org_id == org_id, event_keys.c.key.in_(keys), event_keys.c.received_at >= since
        )
        return {row.key: row.event_id for row in self._connection.execute(query)}

    def keep_keys(self, org_id: int, sent: dict[str, int], at: datetime) -> None:
        """Remember the keys that events were sent under; an older use of a key is forgotten."""
        if not sent:
            return
        used = sa.delete(event_keys).where(event_keys.c.org_id == org_id, event_keys.c.key.in_(list(sent)))
        self._connection.execute(used)
        rows = [
            {"org_id": org_id, "key": key, "event_id": event_id, "received_at": at} for key, event_id in sent.items()
        ]
        self._connection.execute(sa.insert(event_keys), rows)


def _of(org_id: int, connection_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return events.c.org_id == org_id, events.c.connection_id == connection_id
