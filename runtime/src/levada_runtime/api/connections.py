"""Connections: listed and shown, let rest and run again, removed."""

from typing import Any

from fastapi import APIRouter

from levada_runtime.access.views import connection_view
from levada_runtime.api.auth import Uses
from levada_runtime.api.envelopes import READING_ONE, Json, ListOf, One, page, refusals
from levada_runtime.api.operations import Operates

router = APIRouter(prefix="/v1/connections", tags=["operations"])
_CHANGING = refusals(401, 403, 404, s422="The connection is built in.")


@router.get("", responses=refusals(401, 403))
def list_connections(org: Operates, services: Uses) -> ListOf[Json]:
    """The organisation's connections."""
    found = [_view(services, row) for row in services.connections.of(org)]
    return page(found, len(found), None)


@router.get("/{connection}", responses=READING_ONE)
def read_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """A connection by its name or id."""
    row = services.connections.get(org, connection)
    return One(id=row.uid, object="connection", data=_view(services, row))


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
