"""Entities by REST: upserted by kind and external id, read, merged into, deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.dialects import DATA
from levada_runtime.api.documents import Cursor, Text
from levada_runtime.api.envelopes import BODY, Refusal, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.wrongs import worded
from levada_runtime.graph.model import REST, EntityDraft
from levada_runtime.graph.views import entity_view
from levada_runtime.store.model import OrgRow

MOST_LISTED = 500
MOST_WRITTEN = 1_000

Reads = Annotated[OrgRow, Depends(org_with("entities:read"))]
Writes = Annotated[OrgRow, Depends(org_with("entities:write"))]
Limit = Annotated[int, Query(ge=1, description=f"How many at most; more than {MOST_LISTED} counts as {MOST_LISTED}.")]
Data = TypeVar("Data")

_STRICT = ConfigDict(strict=True, extra="forbid")
_EXAMPLE = {
    "kind": "user",
    "external_id": "alice@acme.co",
    "traits": {"plan": "growth", "arr": 50000, "account_owner": "ben", "company_domain": "acme.co"},
}


class EntityBody(BaseModel):
    """What is said of an entity: traits that are not mentioned stay as they are."""

    model_config = _STRICT

    kind: str = Field(min_length=1, description="What it is: user, account, order … any word.")
    external_id: str = Field(min_length=1, description="Your own key of it.")
    traits: dict[str, Any] = Field(default={}, description="Merged one level deep into what there is.")
    class_: str | None = Field(default=None, alias="class", description="One of the graph's classes.")
    display_name: str | None = Field(default=None, description="For people; the key without one.")


class TraitsBody(BaseModel):
    """Traits to merge into an entity."""

    model_config = _STRICT

    traits: dict[str, Any] = Field(description="Merged one level deep; a null is kept as null.")


class EntityOut(BaseModel):
    """An entity: all that its sources say of it."""

    id: str
    kind: str
    external_id: str
    class_: str = Field(alias="class")
    display_name: str
    traits: dict[str, Any]
    first_seen: datetime
    last_seen: datetime


class DataOf(BaseModel, Generic[Data]):
    """What was asked for."""

    data: Data


class EntityPage(BaseModel):
    """One page of entities; `next_cursor` goes into `?cursor=` for the next, and is null on the last."""

    data: list[EntityOut]
    next_cursor: str | None


router = APIRouter(prefix="/api/entities", tags=["entities"])
_LISTING = refusals(401, 403, dialect=DATA, s400="A filter, the limit or the cursor cannot be meant.")
_ONE = refusals(401, 403, dialect=DATA, s404="A malformed id, an unknown one, or another organisation's.")
_WRITING = refusals(*BODY, dialect=DATA)


@router.get("", response_model=EntityPage, responses=_LISTING)
def list_entities(
    org: Reads, services: Uses, limit: Limit = 100, cursor: Cursor = None, kind: Text = None, external_id: Text = None
) -> Response:
    """Entities, newest first."""
    items, following = services.graph.list(
        org.id, kind=kind, external_id=external_id, limit=min(limit, MOST_LISTED), cursor=cursor
    )
    return JSONResponse({"data": [entity_view(one) for one in items], "next_cursor": following})


@router.post(
    "",
    status_code=201,
    response_model=DataOf[EntityOut],
    responses={
        200: {
            "model": DataOf[EntityOut | list[EntityOut]],
            "description": "The entity was there already: its merged state; or the entities of a list, in its order.",
        },
        **_WRITING,
    },
    openapi_extra=takes(
        EntityBody,
        Annotated[list[EntityBody], Field(max_length=MOST_WRITTEN, description="All are written, or none.")],
        example=_EXAMPLE,
    ),
)
def upsert_entities(org: Writes, services: Uses, raw: Body) -> Response:
    """Create an entity, or merge traits into the one there is; a list does so with up to 1,000, all or none."""
    body = read_json(raw)
    if isinstance(body, list):
        found = services.graph.upsert_many(org.id, REST, _drafts(body))
        return JSONResponse({"data": [entity_view(one) for one in found]})
    draft = _draft(body, "")
    entity, new = services.graph.upsert(
        org.id,
        REST,
        draft.kind,
        draft.external_id,
        draft.traits,
        class_=draft.class_,
        display_name=draft.display_name,
    )
    return JSONResponse({"data": entity_view(entity)}, 201 if new else 200)


@router.get("/{entity_id}", response_model=DataOf[EntityOut], responses=_ONE)
def read_entity(org: Reads, services: Uses, entity_id: str) -> Response:
    """One entity by its id."""
    found = services.graph.get(org.id, entity_id)
    if found is None:
        raise _unknown(entity_id)
    return JSONResponse({"data": entity_view(found)})


@router.patch(
    "/{entity_id}",
    response_model=DataOf[EntityOut],
    responses={**_WRITING, **_ONE},
    openapi_extra=takes(TraitsBody, example={"traits": {"plan": "scale"}}),
)
def patch_entity(org: Writes, services: Uses, entity_id: str, raw: Body) -> Response:
    """Merge traits into an entity, one level deep."""
    body = _read(TraitsBody, read_json(raw), "")
    found = services.graph.patch(org.id, REST, entity_id, body.traits)
    if found is None:
        raise _unknown(entity_id)
    return JSONResponse({"data": entity_view(found)})


@router.delete("/{entity_id}", status_code=204, response_class=Response, responses=_ONE)
def delete_entity(org: Writes, services: Uses, entity_id: str) -> Response:
    """Delete an entity, whoever asserts it; it comes back when any source asserts it again."""
    if not services.graph.delete(org.id, entity_id):
        raise _unknown(entity_id)
    return Response(status_code=204)


def _drafts(body: Sequence[Any]) -> list[EntityDraft]:
    if len(body) > MOST_WRITTEN:
        raise Refusal(400, "invalid_value", f"the list holds {len(body)} entities; send at most {MOST_WRITTEN}")
    return [_draft(one, f"[{index}]") for index, one in enumerate(body)]


def _draft(body: Any, place: str) -> EntityDraft:
    read = _read(EntityBody, body, place)
    return EntityDraft(read.kind, read.external_id, read.class_, read.display_name, read.traits)


Read = TypeVar("Read", EntityBody, TraitsBody)


def _read(model: type[Read], body: Any, place: str) -> Read:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refusal(400, "invalid_value", worded(error, model, place)) from None


def _unknown(entity_id: str) -> Refusal:
    return Refusal(404, "not_found", f"there is no entity {entity_id!r}")
