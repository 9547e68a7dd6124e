"""The graph's two ways in over HTTP: a connector's whole truth, and a plain write; bodies and errors as agreed."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.dialects import GRAPH, Dangling
from levada_runtime.api.envelopes import BODY, Responses, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.graph.border import SyncBody, WriteBody, read_sync, read_write
from levada_runtime.graph.model import WRITE
from levada_runtime.store.model import OrgRow

Ingests = Annotated[OrgRow, Depends(org_with("ingest:write"))]

router = APIRouter(prefix="/v1/ingest", tags=["graph"])
_ANSWERS: Responses = {
    **refusals(*BODY, dialect=GRAPH),
    500: {"model": Dangling, "description": "An end of a relationship is neither in the batch nor in the graph."},
}
_ENTITY = {
    "entity_type": "host",
    "entity_key": "web-01",
    "entity_class": "Host",
    "display_name": "Web Server 01",
    "properties": {"state": "running", "region": "us-east-1", "cpu_count": 8},
}


class SyncOut(BaseModel):
    """What a sync did to the connector's own claims."""

    sync_id: str
    entities_created: int
    entities_updated: int
    entities_unchanged: int
    entities_deleted: int
    relationships_created: int
    relationships_updated: int
    relationships_unchanged: int
    relationships_deleted: int


class WriteOut(BaseModel):
    """How many were sent."""

    write_id: str
    entities_written: int
    relationships_written: int


@router.post(
    "/sync",
    response_model=SyncOut,
    responses=_ANSWERS,
    openapi_extra=takes(
        SyncBody,
        example={
            "connector_id": "my-connector",
            "sync_id": "sync-2024-01-15-001",
            "entities": [_ENTITY],
            "relationships": [],
        },
    ),
)
def sync_graph(org: Ingests, services: Uses, raw: Body) -> Response:
    """Take a batch for all that a connector knows, and commit how it differs from what the connector said before."""
    asked = read_sync(read_json(raw))
    counts = services.graph.sync(org.id, asked.source, asked.sync_id, asked.entities, asked.relationships)
    return JSONResponse({"sync_id": asked.sync_id, **asdict(counts)})


@router.post(
    "/write",
    response_model=WriteOut,
    responses=_ANSWERS,
    openapi_extra=takes(WriteBody, example={"write_id": "write-001", "entities": [_ENTITY], "relationships": []}),
)
def write_graph(org: Ingests, services: Uses, raw: Body) -> Response:
    """Upsert entities and relationships; nothing is compared, and nothing is deleted."""
    asked = read_write(read_json(raw))
    services.graph.write(org.id, WRITE, asked.entities, asked.relationships)
    return JSONResponse(
        {
            "write_id": asked.write_id,
            "entities_written": len(asked.entities),
            "relationships_written": len(asked.relationships),
        }
    )
