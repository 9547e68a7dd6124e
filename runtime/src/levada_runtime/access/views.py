"""Connections and keys as the command line and the API show them; no secret is ever among it."""

from typing import Any

from levada_runtime.store.model import ConnectionRow, KeyRow, StreamRow


def connection_view(
    row: ConnectionRow, streams: list[StreamRow], secrets: list[str], connector_state: str
) -> dict[str, Any]:
    """Return a connection with how its connector stands, its streams and the names of the secrets it has."""
    return {
        "id": row.uid,
        "name": row.name,
        "connector": row.connector,
        "connector_state": connector_state,
        "mode": row.mode,
        "state": row.state,
        "state_reason": row.state_reason,
        "recording": row.recording,
        "settings": row.settings,
        "secrets": secrets,
        "streams": [stream_view(stream) for stream in streams],
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def stream_view(row: StreamRow) -> dict[str, Any]:
    """Return a stream of a connection."""
    return {
        "stream": row.stream,
        "modes": row.modes,
        "schedule": row.cron,
        "timezone": row.timezone,
        "paused": row.paused,
        "overlap": row.overlap,
        "missed": row.missed,
    }


def key_view(row: KeyRow) -> dict[str, Any]:
    """Return a bearer key without the key itself."""
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "guard": row.guard,
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at.isoformat() if row.last_used_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
