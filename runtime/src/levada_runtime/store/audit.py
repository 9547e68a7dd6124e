"""The audit log, which is only ever added to."""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.audit_model import AuditRow
from levada_runtime.store.tables import audit


class Audit:
    """What operators did, of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: AuditRow) -> None:
        self._connection.execute(sa.insert(audit).values(as_columns(row)))

    def page_of(
        self,
        org_id: int,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[AuditRow]:
        """Return deeds, newest first, from below the id `before`; an action that ends in `.` is all of its kind."""
        given = {audit.c.actor: actor, audit.c.subject: subject}
        conditions = [column == value for column, value in given.items() if value is not None]
        if action is not None:
            kind = audit.c.action.startswith(action, autoescape=True)
            conditions.append(kind if action.endswith(".") else audit.c.action == action)
        if since is not None:
            conditions.append(audit.c.at >= since)
        if before is not None:
            conditions.append(audit.c.id < before)
        query = sa.select(audit).where(audit.c.org_id == org_id, *conditions)
        return read_as(AuditRow, self._connection.execute(query.order_by(audit.c.id.desc()).limit(limit)))
