"""What is known of how many requests sources take from one credential: a row for each host."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from levada_runtime.store._rows import insert_unless_there
from levada_runtime.store.columns import as_json, to_micros
from levada_runtime.store.postgresql import NOTING_WITHIN
from levada_runtime.store.tables import rate_budgets

_KEPT: Final = timedelta(days=30)

# Spelled once: they are asked with every request that any run makes.
_NAMED = (
    rate_budgets.c.org_id == sa.bindparam("of_org"),
    rate_budgets.c.credential == sa.bindparam("of_credential"),
    rate_budgets.c.host == sa.bindparam("of_host"),
)
_LOOK = sa.select(rate_budgets.c.state).where(*_NAMED)
_HOLD = _LOOK.with_for_update()
_KEEP = sa.update(rate_budgets).where(*_NAMED)
# PostgreSQL is asked without a transaction around it, so that it says itself what makes a note of it.
_SWAP = {
    "sqlite": """
        UPDATE rate_budgets SET state = :fresh, updated_at = :at
        WHERE org_id = :org AND credential = :credential AND host = :host AND state = :old
    """,
    "postgresql": f"""
        WITH noting AS MATERIALIZED (SELECT {NOTING_WITHIN})
        UPDATE rate_budgets SET state = %(fresh)s, updated_at = %(at)s FROM noting
        WHERE org_id = %(org)s AND credential = %(credential)s AND host = %(host)s AND state = %(old)s
    """,  # noqa: S608 - it is a constant
}


class RateBudgets:
    """The budgets of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def look(self, org_id: int, credential: bytes, host: str) -> dict[str, Any]:
        """Return what is known; nothing when nothing is."""
        return self._connection.execute(_LOOK, _named(org_id, credential, host)).scalar_one_or_none() or {}

    def of(self, org_id: int, credential: bytes) -> dict[str, dict[str, Any]]:
        """Return what is known of a credential at each host."""
        query = sa.select(rate_budgets.c.host, rate_budgets.c.state).where(
            rate_budgets.c.org_id == org_id, rate_budgets.c.credential == credential
        )
        return {row.host: row.state for row in self._connection.execute(query.order_by(rate_budgets.c.host))}

    def hold(self, org_id: int, credential: bytes, host: str, now: datetime) -> dict[str, Any]:
        """Return what is known, for nobody else to change before this unit of work ends.

        When a first one is entered, those that nobody asked for in a month go.
        """
        named = _named(org_id, credential, host)
        found: dict[str, Any] | None = self._connection.execute(_HOLD, named).scalar_one_or_none()
        if found is not None:
            return found
        old = sa.delete(rate_budgets).where(rate_budgets.c.org_id == org_id, rate_budgets.c.updated_at < now - _KEPT)
        self._connection.execute(old)
        first = {"org_id": org_id, "credential": credential, "host": host, "state": {}, "updated_at": now}
        insert_unless_there(self._connection, rate_budgets, first)
        held: dict[str, Any] = self._connection.execute(_HOLD, named).scalar_one()
        return held

    def swap(
        self, org_id: int, credential: bytes, host: str, old: dict[str, Any], fresh: dict[str, Any], now: datetime
    ) -> bool:
        """Write down what is known by now, in one statement, unless somebody has written since it was `old`."""
        values = {"org": org_id, "credential": credential, "host": host, "at": to_micros(now)}
        states = {"old": as_json(old), "fresh": as_json(fresh)}
        return bool(self._connection.exec_driver_sql(_SWAP[self._connection.dialect.name], values | states).rowcount)

    def keep(self, org_id: int, credential: bytes, host: str, state: dict[str, Any], now: datetime) -> None:
        """Write down what is known by now."""
        self._connection.execute(_KEEP, {**_named(org_id, credential, host), "state": state, "updated_at": now})


def _named(org_id: int, credential: bytes, host: str) -> dict[str, Any]:
    return {"of_org": org_id, "of_credential": credential, "of_host": host}
