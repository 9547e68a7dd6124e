"""What a machine asks of a daemon: is it alive, is it ready, what are its figures."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel

from levada_runtime.api.auth import Uses
from levada_runtime.store.unit_of_work import Store

router = APIRouter(tags=["machine"])


class Alive(BaseModel):
    """The daemon answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether the daemon does its work, part by part."""

    ready: bool
    parts: dict[str, Any]


@router.get("/healthz")
def healthz() -> Alive:
    """The process is alive."""
    return Alive()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready."}})
def readyz(services: Uses) -> Response:
    """Every part does its work."""
    parts = services.readiness()
    ready = Readiness(ready=bool(parts.pop("ready")), parts=parts)
    return JSONResponse(ready.model_dump(mode="json"), 200 if ready.ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(services: Uses) -> Response:
    """The daemon's figures, for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_StoreFigures(services.store))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _StoreFigures(Collector):
    """Figures read from the store when they are asked for, so that they are right after any restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as uow:
            runs, oldest = uow.runs.by_state(), uow.work.oldest_queued()
            documents = uow.documents.totals()
        by_state = GaugeMetricFamily("levada_runs", "Runs by state.", labels=["state"])
        for state, count in runs.items():
            by_state.add_metric([state], count)
        by_type = GaugeMetricFamily("levada_documents", "Documents by type.", labels=["document_type"])
        for kind, count in documents.items():
            by_type.add_metric([kind], count)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield by_state
        yield by_type
        yield GaugeMetricFamily("levada_work_oldest_queued_seconds", "Age of the oldest work that waits.", value=age)
