"""How a connection stands with its source: the token it has, and what is known of the source's patience."""

from datetime import UTC, datetime
from typing import Any

from levada_runtime.access.connections import Connections
from levada_runtime.catalog.service import Catalog
from levada_runtime.foundation.errors import RuntimeFailure
from levada_runtime.sandbox.broker.budget import Budget
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.unit_of_work import Store


def source_view(store: Store, catalog: Catalog, connections: Connections, row: ConnectionRow) -> dict[str, Any]:
    """Return a connection's `token` (None without one) and `budgets`, host by host; no secret is among it.

    What cannot be told because a connector is not there, or a key, is left out.
    """
    try:
        _, manifest = catalog.described(row.connector)
        credential = connections.credential(row, manifest, connections.secrets(row))
    except RuntimeFailure:
        return {"token": None, "budgets": []}
    with store.read() as uow:
        kept = [one for one in uow.tokens.of(row.org_id, row.id) if one.sealed]
        budgets = uow.rate_budgets.of(row.org_id, credential)
    newest = max(kept, key=lambda one: one.updated_at, default=None)
    token = newest and {
        "fetched_at": newest.updated_at.isoformat(),
        "expires_at": newest.expires_at.isoformat() if newest.expires_at else None,
    }
    return {"token": token, "budgets": [_budget(host, Budget.read(state)) for host, state in budgets.items()]}


def _budget(host: str, budget: Budget) -> dict[str, Any]:
    return {
        "host": host,
        "last_asked_at": _moment(budget.last_at or None),
        "closed_until": _moment(budget.closed_until if budget.closed_until > budget.seen_at else None),
        "remaining": budget.remaining if budget.resets_at is not None else None,
        "resets_at": _moment(budget.resets_at),
        "learnt_pace_s": round(budget.pace_s, 3) if budget.pace_s is not None else None,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
