"""Pipelines and deliveries as the command line and the API show them; no secret is ever among it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from levada_runtime.foundation.ids import spell_event
from levada_runtime.store.pipelines_model import COUNTED, AttemptRow, DeliveryRow, FiguresRow, PipelineRow


def pipeline_view(row: PipelineRow, figures: FiguresRow) -> dict[str, Any]:
    """Return a pipeline with its figures."""
    counted = asdict(figures)
    return {
        "name": row.name,
        "state": row.state,
        "version": row.version,
        "figures": {name: counted[name] for name in COUNTED},
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def delivery_view(row: DeliveryRow) -> dict[str, Any]:
    """Return a delivery: what it is about, where it goes, and how far it has come."""
    return {
        "id": row.uid,
        "event": spell_event(row.connection_id, row.event_id),
        "pipeline": row.pipeline,
        "version": row.pipeline_version,
        "destination": row.destination,
        "type": row.destination_type,
        "target": row.target,
        "subject": row.subject,
        "state": row.state,
        "reason": row.reason,
        "attempts": row.attempts,
        "next_at": _iso(row.next_at),
        "created_at": _iso(row.created_at),
        "updated_at": _iso(row.updated_at),
    }


def whole_delivery_view(row: DeliveryRow, attempts: Sequence[AttemptRow]) -> dict[str, Any]:
    """Return a delivery with the body it sends and every attempt there was."""
    return {
        **delivery_view(row),
        "body": orjson.loads(row.body),
        "history": [attempt_view(attempt) for attempt in attempts],
    }


def attempt_view(row: AttemptRow) -> dict[str, Any]:
    """Return one attempt: when, how long it took, and what the far side answered."""
    return {
        "attempt": row.ordinal,
        "at": _iso(row.at),
        "status": row.status,
        "latency_ms": row.latency_ms,
        "excerpt": row.excerpt,
        "error": row.error,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
