"""What a machine asks of a daemon: is it alive, is it ready, what are its figures."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel

from levada_runtime.api.auth import Uses
from levada_runtime.api.figures import Figures

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
    registry.register(Figures(services.store, services.flagged))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
