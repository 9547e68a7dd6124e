"""Connections: listed and shown, let rest and run again, removed."""

from typing import Any

from fastapi import APIRouter

from levada_runtime.access.views import connection_view
from levada_runtime.api.auth import Uses
from levada_runtime.api.documents import Cursor, Limit
from levada_runtime.api.envelopes import READING, READING_ONE, Json, ListOf, One, page, refusals
from levada_runtime.api.operations import Operates
from levada_runtime.catalog.patience import source_view

router = APIRouter(prefix="/v1/connections", tags=["operations"])
_CHANGING = refusals(401, 403, 404, s422="The connection is built in.")


@router.get("", responses=READING)
def list_connections(org: Operates, services: Uses, limit: Limit = 50, cursor: Cursor = None) -> ListOf[Json]:
    """The organisation's connections, by their names."""
    rows, following = services.connections.page(org, limit=limit, after=cursor)
    return page([_view(services, row) for row in rows], limit, following)


@router.get("/{connection}", responses=READING_ONE)
def read_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """A connection by its name or id, and how it stands with its source."""
    row = services.connections.get(org, connection)
    source = source_view(services.store, services.catalog, services.connections, row)
    return One(id=row.uid, object="connection", data={**_view(services, row), **source})


@router.post("/{connection}/pause", responses=_CHANGING)
def pause_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """Let a connection's streams rest; webhooks that come meanwhile are kept until it runs again."""
    services.connections.set_state(services.connections.get(org, connection), "paused")
    return read_connection(org, services, connection)


@router.post("/{connection}/resume", responses=_CHANGING)
def resume_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """Let a connection's streams run again."""
    services.connections.set_state(services.connections.get(org, connection), "active")
    return read_connection(org, services, connection)


@router.delete("/{connection}", responses=_CHANGING)
def remove_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """Take a connection and its secrets away, and end its work; its documents stay."""
    row = services.connections.get(org, connection)
    ended = services.removals.remove(row)
    return One(id=row.uid, object="connection", data={"id": row.uid, "removed": True, "runs_ended": ended})


def _view(services: Any, row: Any) -> Json:
    secrets = services.connections.secret_names(row)
    return connection_view(row, services.connections.streams(row), secrets, services.catalog.state_of(row.connector))
