"""Who asserts what of the graph, and whose word goes first."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.api.auth import Uses
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.documents import without_nul
from levada_runtime.api.envelopes import BODY, READING, Json, ListOf, One, Pagination, Refusal, refusals
from levada_runtime.api.graph import Reads, Word
from levada_runtime.api.openapi import takes
from levada_runtime.api.operations import Operates
from levada_runtime.api.wrongs import worded
from levada_runtime.graph.priorities import MOST_SOURCES

router = APIRouter(prefix="/v1/graph", tags=["graph"])
_WHY = refusals(401, 403, 422, s404="There is no such entity, or nobody asserts the trait.")
_SETTING = refusals(*BODY, s422="The kind or the sources cannot be meant.")
_CLEARING = refusals(401, 403, 422, s404="The kind has no order.")
Trait = Annotated[str | None, Query(description="Only this trait."), AfterValidator(without_nul)]


class Behind(BaseModel):
    """A document behind an assertion, and its version then."""

    id: str
    version: int | None


class Saying(BaseModel):
    """What one source asserts of one part of an entity."""

    source: str
    value: Any
    asserted_at: datetime
    run: str | None = Field(description="The run that asserted it; null where there was none, or nobody can tell.")
    document: Behind | None = Field(description="The document that it is a projection of.")


class Part(Saying):
    """A part of an entity: its class, its display name or a trait; and who says otherwise."""

    part: str
    conflicts: list[Saying]


class Provenance(BaseModel):
    """Who asserts what of an entity."""

    entity: Json
    parts: list[Part] = Field(description="Each with the assertion that counts.")
    claims: list[Json] = Field(description="Every source, with its last run and its document.")
    priority: list[str] | None = Field(description="The order of sources for its kind; null when the latest wins.")


class OrderBody(BaseModel):
    """An order of sources."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sources: list[str] = Field(
        min_length=1, max_length=MOST_SOURCES, description="The foremost first; `connection:crm/*` is a pattern."
    )


class Order(BaseModel):
    """Which source goes before which, for entities of a kind."""

    kind: str
    sources: list[str]
    set_at: datetime | None


class OrderSet(BaseModel):
    """An order that was set or cleared, and how many entities show something else since."""

    kind: str
    sources: list[str]
    changed: int


@router.get("/why", response_model=One[Provenance], responses=_WHY)
def explain_entity(org: Reads, services: Uses, kind: Word, key: Word, trait: Trait = None) -> Response:
    """Who asserts what of an entity: the source, run, time and document of each part, and who says otherwise."""
    told = services.why.entity(org, kind, key, trait)
    return JSONResponse({"id": told["entity"]["id"], "object": "provenance", "data": told})


@router.get("/priorities", response_model=ListOf[Order], responses=READING)
def list_priorities(org: Reads, services: Uses) -> Response:
    """The orders of sources, by the kinds that they are for."""
    rows = services.graph.priorities.all(org.id)
    items = [{"kind": row.kind, "sources": row.sources, "set_at": row.set_at.isoformat()} for row in rows]
    pagination = Pagination(limit=max(len(items), 1), cursor=None, has_more=False)
    return JSONResponse({"object": "list", "data": items, "pagination": pagination.model_dump()})


@router.put(
    "/priorities",
    tags=["operations"],
    response_model=One[OrderSet],
    responses=_SETTING,
    openapi_extra=takes(OrderBody),
)
def set_priority(org: Operates, services: Uses, kind: Word, raw: Body) -> Response:
    """Let sources go before one another in this order, and before all others, for entities of a kind."""
    try:
        sources = OrderBody.model_validate(read_json(raw)).sources
    except ValidationError as error:
        raise Refusal(422, "validation_error", worded(error, OrderBody)) from None
    return _set(kind, sources, services.graph.priorities.set(org.id, kind, sources))


@router.delete("/priorities", tags=["operations"], response_model=One[OrderSet], responses=_CLEARING)
def clear_priority(org: Operates, services: Uses, kind: Word) -> Response:
    """Let the latest assertion win again for entities of a kind."""
    return _set(kind, [], services.graph.priorities.clear(org.id, kind))


def _set(kind: str, sources: list[str], changed: int) -> Response:
    data = {"kind": kind, "sources": sources, "changed": changed}
    return JSONResponse({"id": kind, "object": "priority", "data": data})
