"""The graph's two ways in over HTTP: a connector's whole truth, and a plain write; bodies and errors as agreed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from levada_runtime.access.model import Principal
from levada_runtime.api.auth import Uses, caller_of, org_with
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


class HeldOut(BaseModel):
    """That a sync is held, and what it would have done to the connector's own claims."""

    status: Literal["held"]
    held_id: str
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
    responses={**_ANSWERS, 202: {"model": HeldOut, "description": "It is guarded, and would delete too much."}},
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
def sync_graph(org: Ingests, services: Uses, raw: Body, caller: Annotated[Principal, Depends(caller_of)]) -> Response:
    """Take a batch for all that a connector knows, and commit how it differs from what the connector said before."""
    asked = read_sync(read_json(raw))
    operation = services.graph.sync_operation(
        asked.source, asked.sync_id, asked.entities, asked.relationships, guarded=asked.guard or caller.guard
    )
    changes = services.graph.do(org.id, operation)
    if changes.held is not None:
        return JSONResponse({"status": "held", "held_id": changes.held.id, **changes.held.would.done()}, 202)
    return JSONResponse({"sync_id": asked.sync_id, **changes.counts.done()})


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
