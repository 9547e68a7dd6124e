"""Whom this installation trusts: what was approved of each connector, and which versions are in quarantine.

Both outlive the connector itself: one that is installed again is no stranger.
"""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, insert_unless_there, read_as
from levada_runtime.store.tables import connector_approvals, connector_quarantines
from levada_runtime.store.trust_model import ConnectorApprovalRow, ConnectorQuarantineRow


class Trust:
    """Approvals and quarantines of the connectors of this installation."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def approvals(self) -> dict[str, ConnectorApprovalRow]:
        """Return what was approved of each connector, by its key."""
        rows = read_as(ConnectorApprovalRow, self._connection.execute(sa.select(connector_approvals)))
        return {row.key: row for row in rows}

    def approval(self, key: str) -> ConnectorApprovalRow | None:
        query = sa.select(connector_approvals).where(connector_approvals.c.key == key)
        return next(iter(read_as(ConnectorApprovalRow, self._connection.execute(query))), None)

    def approve(self, row: ConnectorApprovalRow) -> None:
        """Put this declaration in the place of whatever was approved before."""
        insert_or_change(self._connection, connector_approvals, as_columns(row), ("key",))

    def approve_first(self, row: ConnectorApprovalRow) -> None:
        """Approve a connector that nobody has seen before; one that is known stays as it is."""
        insert_unless_there(self._connection, connector_approvals, as_columns(row))

    def quarantines(self) -> dict[tuple[str, str], ConnectorQuarantineRow]:
        """Return what is in quarantine now, by key and source hash."""
        query = sa.select(connector_quarantines).where(connector_quarantines.c.released_at.is_(None))
        rows = read_as(ConnectorQuarantineRow, self._connection.execute(query))
        return {(row.key, row.source_hash): row for row in rows}

    def quarantine(self, key: str, source_hash: str) -> ConnectorQuarantineRow | None:
        """Return why this very source is in quarantine; None when it is not."""
        query = sa.select(connector_quarantines).where(_of(key, source_hash))
        return next(iter(read_as(ConnectorQuarantineRow, self._connection.execute(query))), None)

    def confine(self, row: ConnectorQuarantineRow) -> None:
        """Put a version into quarantine; of one that is in it already, the first violation stays written down."""
        if insert_unless_there(self._connection, connector_quarantines, as_columns(row)):
            return
        released = connector_quarantines.c.released_at.is_not(None)
        again = (
            sa.update(connector_quarantines)
            .where(connector_quarantines.c.key == row.key, connector_quarantines.c.source_hash == row.source_hash)
            .where(released)
        )
        self._connection.execute(again.values(as_columns(row)))

    def release(self, row: ConnectorQuarantineRow, at: datetime) -> None:
        """Take a version out of the quarantine that this row tells of; one that began since then stays."""
        change = sa.update(connector_quarantines).where(_of(row.key, row.source_hash))
        same = connector_quarantines.c.quarantined_at == row.quarantined_at
        self._connection.execute(change.where(same).values(released_at=at))


def _of(key: str, source_hash: str) -> sa.ColumnElement[bool]:
    table = connector_quarantines.c
    return sa.and_(table.key == key, table.source_hash == source_hash, table.released_at.is_(None))
