"""What of the graph waits: syncs that were held for a decision, relationships for an end."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from levada_runtime.api.auth import Uses
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import Json, ListOf, One, Pagination, refusals
from levada_runtime.api.graph import Reads
from levada_runtime.api.operations import Operates

router = APIRouter(prefix="/v1/graph", tags=["graph"])
_LISTING = refusals(401, 403, 422)
_READING = refusals(401, 403, s404="There is no such held sync.")
_DECIDING = refusals(
    401,
    403,
    s404="There is no such held sync.",
    s422="It was decided on before, or it cannot be applied any more.",
)
State = Annotated[
    Literal["held", "approved", "discarded", "superseded", "all"], Query(description="What became of them.")
]


class Reason(BaseModel):
    """Why a sync is held."""

    what: Literal["entities", "relationships", "everything"]
    kind: str | None = None
    verb: str | None = None
    claimed: int = Field(description="How much its source claims of that.")
    deleted: int = Field(description="How much of it would go.")
    message: str


class HeldSync(BaseModel):
    """A sync that was not applied."""

    id: str
    source: str
    sync_id: str | None
    run: str | None = Field(description="The run that it is of; null of a caller's.")
    state: Literal["held", "approved", "discarded", "superseded"]
    reasons: list[Reason]
    counts: dict[str, int] = Field(description="What it would have done when it was held.")
    applied: dict[str, int] | None = Field(description="What it did when it was approved.")
    held_at: datetime
    decided_at: datetime | None


class HeldSyncShown(HeldSync):
    """A held sync with what it would delete."""

    deletes: dict[str, list[Json]] | None = Field(
        description="Up to a hundred entities and relationships that it would delete now; null once it was decided on."
    )


class PendingOut(BaseModel):
    """A relationship that waits for an end."""

    from_type: str
    from_key: str
    verb: str
    to_type: str
    to_key: str
    properties: dict[str, Any]
    first_seen: datetime
    awaits: list[tuple[str, str]] = Field(description="Kind and key of each end that is not there.")
    sources: list[str] = Field(description="Who claims it.")


@router.get("/held", response_model=ListOf[HeldSync], responses=_LISTING)
def list_held_syncs(
    org: Operates, services: Uses, limit: Limit = 50, cursor: Cursor = None, state: State = "held", source: Text = None
) -> Response:
    """Syncs that were held, newest first."""
    return _page(limit, *services.held.page(org, state=state, source=source, limit=limit, cursor=cursor))


@router.get("/held/{held_id}", response_model=One[HeldSyncShown], responses=_READING)
def read_held_sync(org: Operates, services: Uses, held_id: str) -> Response:
    """A held sync, why it is held, and what it would delete."""
    return _one(services.held.get(org, held_id))


@router.post("/held/{held_id}/approve", tags=["operations"], response_model=One[HeldSync], responses=_DECIDING)
def approve_held_sync(org: Operates, services: Uses, held_id: str) -> Response:
    """Apply a held sync to the graph as it is now."""
    return _one(services.held.approve(org, held_id))


@router.post("/held/{held_id}/discard", tags=["operations"], response_model=One[HeldSync], responses=_DECIDING)
def discard_held_sync(org: Operates, services: Uses, held_id: str) -> Response:
    """Give a held sync up; the graph stays as it is."""
    return _one(services.held.discard(org, held_id))


@router.get("/pending", response_model=ListOf[PendingOut], responses=_LISTING)
def list_pending_relationships(
    org: Reads, services: Uses, limit: Limit = 50, cursor: Cursor = None, source: Text = None
) -> Response:
    """Relationships that are claimed and hidden, since an end of theirs is not there; newest first."""
    return _page(limit, *services.graph.pending.page(org, source=source, limit=limit, cursor=cursor))


def _page(limit: int, items: list[Json], following: str | None) -> Response:
    listed = Pagination(limit=limit, cursor=following, has_more=following is not None)
    return JSONResponse({"object": "list", "data": items, "pagination": listed.model_dump()})


def _one(view: Json) -> Response:
    return JSONResponse({"id": view["id"], "object": "held_sync", "data": view})
