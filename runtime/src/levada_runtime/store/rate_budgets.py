"""What is known of how many requests sources take from one credential: a row for each host."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from levada_runtime.store._rows import insert_unless_there
from levada_runtime.store.tables import rate_budgets

_KEPT: Final = timedelta(days=30)


class RateBudgets:
    """The budgets of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def look(self, org_id: int, credential: bytes, host: str) -> dict[str, Any]:
        """Return what is known; nothing when nothing is."""
        query = sa.select(rate_budgets.c.state).where(*_named(org_id, credential, host))
        return self._connection.execute(query).scalar_one_or_none() or {}

    def hold(self, org_id: int, credential: bytes, host: str, now: datetime) -> dict[str, Any]:
        """Return what is known, for nobody else to change before this unit of work ends.

        When a first one is entered, those that nobody asked for in a month go.
        """
        query = sa.select(rate_budgets.c.state).where(*_named(org_id, credential, host)).with_for_update()
        found: dict[str, Any] | None = self._connection.execute(query).scalar_one_or_none()
        if found is not None:
            return found
        old = sa.delete(rate_budgets).where(rate_budgets.c.org_id == org_id, rate_budgets.c.updated_at < now - _KEPT)
        self._connection.execute(old)
        first = {"org_id": org_id, "credential": credential, "host": host, "state": {}, "updated_at": now}
        insert_unless_there(self._connection, rate_budgets, first)
        held: dict[str, Any] = self._connection.execute(query).scalar_one()
        return held

    def keep(self, org_id: int, credential: bytes, host: str, state: dict[str, Any], now: datetime) -> None:
        """Write down what is known by now."""
        matching = sa.update(rate_budgets).where(*_named(org_id, credential, host))
        self._connection.execute(matching.values(state=state, updated_at=now))


def _named(org_id: int, credential: bytes, host: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = rate_budgets
    return table.c.org_id == org_id, table.c.credential == credential, table.c.host == host
