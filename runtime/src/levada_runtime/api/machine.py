"""What a machine asks of a daemon: is it alive, is it ready, what are its figures."""

from collections import Counter
from collections.abc import Iterator, Mapping
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
from levada_runtime.work.versions import UNDERSTOOD

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
        now = datetime.now(UTC)
        with self._store.read() as uow:
            runs, documents, oldest = uow.runs.by_state(), uow.documents.totals(), uow.work.oldest_queued()
            waiting, flying, dead = uow.work.waiting(now, UNDERSTOOD), uow.work.in_flight(), uow.work.dead()
            foreign = uow.work.foreign(UNDERSTOOD)
        lines = {one.kind: one.lines for one in waiting}
        ages = {one.kind: max(0.0, (now - one.oldest_at).total_seconds()) for one in waiting}
        under_way: Counter[str] = Counter()
        for one in flying:
            under_way[one.kind] += one.count
        age = (now - oldest).total_seconds() if oldest else 0.0
        yield _by("levada_runs", "Runs by state.", "state", runs)
        yield _by("levada_documents", "Documents by type.", "document_type", documents)
        yield GaugeMetricFamily("levada_work_oldest_queued_seconds", "Age of the oldest work that waits.", value=age)
        yield _by(
            "levada_work_oldest_due_seconds", "How long the oldest work that nobody has taken is due.", "kind", ages
        )
        yield _by("levada_work_due", "Lines whose work is due and not taken.", "kind", lines)
        yield _by("levada_work_in_flight", "Pieces of work that are being done.", "kind", under_way)
        yield _by("levada_work_dead", "Pieces of work that were given up or cancelled.", "kind", dead)
        yield _by(
            "levada_work_foreign", "Pieces of work that wait for a daemon of another version.", "code_version", foreign
        )


def _by(name: str, about: str, label: str, figures: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, figure in figures.items():
        family.add_metric([value], figure)
    return family
