"""Reading the graph: entities and how they are related, as they are or as they were.

Keys are parameters, never parts of a path: they may hold anything, slashes too.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.documents import AsOf, Cursor, in_utc, without_nul
from levada_runtime.api.entities import EntityOut
from levada_runtime.api.envelopes import Json, ListOf, One, Pagination, refusals
from levada_runtime.graph.walking import MOST_DEPTH, MOST_RESULTS, Direction
from levada_runtime.store.model import OrgRow

Reads = Annotated[OrgRow, Depends(org_with("entities:read"))]
Word = Annotated[str, Query(min_length=1), AfterValidator(without_nul)]
Verbs = Annotated[list[str], Query(alias="verb", description="Follow only these verbs; may be repeated. All of them.")]
Depth = Annotated[int, Query(ge=1, le=MOST_DEPTH, description="How many relationships away.")]
Limit = Annotated[
    int, Query(ge=1, le=MOST_RESULTS, description="How many entities, and how many relationships, at most.")
]
Which = Annotated[Direction, Query(description="`out` follows relationships as they point, `in` against it.")]
Since = Annotated[AwareDatetime, Query(description="The earlier moment, told with its zone."), AfterValidator(in_utc)]
Until = Annotated[
    AwareDatetime | None,
    Query(description="The later moment; when anything last changed, unless it is told."),
    AfterValidator(in_utc),
]

router = APIRouter(prefix="/v1/graph", tags=["graph"])
_ONE = refusals(401, 403, 422, s404="There is no such entity, or there was none then.")
_ALL = refusals(401, 403, 422)


class EntityThenOut(EntityOut):
    """An entity as it stood for a while."""

    last_seen: datetime | None = Field(description="Null of what is past.")  # type: ignore[assignment]  # wider than now
    since: datetime = Field(description="Since when it stood so.")
    until: datetime | None = Field(description="Until when it stood so; null when it still does.")


class EntityNear(EntityThenOut):
    """An entity around another."""

    depth: int = Field(description="How many relationships away.")


class RelationshipOut(BaseModel):
    """A relationship as it stood for a while."""

    from_type: str
    from_key: str
    verb: str
    to_type: str
    to_key: str
    properties: dict[str, Any]
    first_seen: datetime
    since: datetime = Field(description="Since when it stood so.")
    until: datetime | None = Field(description="Until when it stood so; null when it still does.")


class Surroundings(BaseModel):
    """What lies around an entity."""

    entity: EntityThenOut
    entities: list[EntityNear] = Field(description="Nearest first.")
    relationships: list[RelationshipOut] = Field(description="Those that were followed.")
    truncated: bool = Field(description="Whether there was more than `limit`.")


class Path(BaseModel):
    """The shortest way from one entity to another."""

    found: bool
    length: int | None
    entities: list[EntityThenOut] = Field(description="From the first to the last.")
    relationships: list[RelationshipOut] = Field(description="One less, in the same order.")
    truncated: bool = Field(description="Whether the search was given up: there may be a way that was not found.")


class Change(BaseModel):
    """A thing that differs between two moments."""

    object: Literal["entity", "relationship"]
    change: Literal["created", "updated", "deleted"]
    before: EntityThenOut | RelationshipOut | None
    after: EntityThenOut | RelationshipOut | None


class Changes(ListOf[Change]):
    """One page of what differs between two moments."""

    since: datetime
    until: datetime = Field(description="`since` of the next question.")


class SourceStats(BaseModel):
    """How much one source claims."""

    source: str
    entities: int
    relationships: int
    synced_at: datetime | None


class Stats(BaseModel):
    """How much there is."""

    entities: int
    relationships: int
    by_kind: dict[str, int]
    by_class: dict[str, int]
    by_verb: dict[str, int]
    by_source: list[SourceStats]


class Answer(BaseModel):
    """What stands for itself."""

    object: str


class PathAnswer(Answer):
    """A way."""

    data: Path


class StatsAnswer(Answer):
    """Numbers."""

    data: Stats


@router.get("/entity", response_model=One[EntityThenOut], responses=_ONE)
def read_graph_entity(org: Reads, services: Uses, kind: Word, key: Word, as_of: AsOf = None) -> Response:
    """An entity, as it is or as it was."""
    return _one("entity", services.graph.reads.entity(org.id, (kind, key), as_of=as_of))


@router.get("/neighbours", response_model=One[Surroundings], responses=_ONE)
def read_graph_neighbours(
    org: Reads,
    services: Uses,
    kind: Word,
    key: Word,
    verb: Verbs = [],  # noqa: B006 - FastAPI copies it
    direction: Which = "both",
    depth: Depth = 1,
    limit: Limit = 1_000,
    as_of: AsOf = None,
) -> Response:
    """The entities around one, nearest first, and the relationships that lead to them, as they are or as they were."""
    found = services.graph.reads.neighbours(
        org.id, (kind, key), verbs=verb, direction=direction, depth=depth, limit=limit, as_of=as_of
    )
    return JSONResponse({"id": found["entity"]["id"], "object": "neighbours", "data": found})


@router.get("/path", response_model=PathAnswer, responses=_ONE)
def read_graph_path(
    org: Reads,
    services: Uses,
    from_kind: Word,
    from_key: Word,
    to_kind: Word,
    to_key: Word,
    verb: Verbs = [],  # noqa: B006 - the same
    direction: Which = "out",
    depth: Depth = MOST_DEPTH,
    as_of: AsOf = None,
) -> Response:
    """The shortest way from one entity to another, as it is or as it was."""
    found = services.graph.reads.path(
        org.id,
        (from_kind, from_key),
        (to_kind, to_key),
        verbs=verb,
        direction=direction,
        depth=depth,
        as_of=as_of,
    )
    return JSONResponse({"object": "path", "data": found})


@router.get("/changes", response_model=Changes, responses=_ALL)
def list_graph_changes(
    org: Reads, services: Uses, since: Since, until: Until = None, limit: Limit = 1_000, cursor: Cursor = None
) -> Response:
    """What came, changed or went between two moments: each thing once, as it stood then and then."""
    found = services.graph.reads.changes(org.id, since, until=until, limit=limit, cursor=cursor)
    following = found["cursor"]
    listed = Pagination(limit=limit, cursor=following, has_more=following is not None)
    told = {name: found[name] for name in ("since", "until")}
    return JSONResponse({"object": "list", "data": found["items"], "pagination": listed.model_dump(), **told})


@router.get("/stats", response_model=StatsAnswer, responses=_ALL)
def read_graph_stats(org: Reads, services: Uses) -> Response:
    """How many entities and relationships there are, by kind, class and verb, and how many each source claims."""
    return JSONResponse({"object": "stats", "data": services.graph.reads.stats(org.id)})


def _one(what: str, found: Json) -> Response:
    return JSONResponse({"id": found["id"], "object": what, "data": found})
