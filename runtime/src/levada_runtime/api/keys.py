"""Bearer keys: listed, made and revoked by whoever administers; a key is shown when it is made, and never again."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.access.model import KEY_SCOPES, SCOPES
from levada_runtime.access.views import key_view
from levada_runtime.api.auth import Uses
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.connectors import Administers
from levada_runtime.api.envelopes import BODY, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.wrongs import worded

router = APIRouter(prefix="/v1/keys", tags=["operations"])
_MAKING = refusals(*BODY, s422="There is no such scope.")
_REVOKING = refusals(401, 403, 404)


class KeyBody(BaseModel):
    """What a key is for, and what it may do."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(default="key", max_length=200)
    scopes: list[str] = Field(default=list(KEY_SCOPES), description=f"Some of {', '.join(SCOPES)}.")
    guard: bool = Field(default=False, description="Hold a sync of its holder that would delete too much.")


@router.get("", responses=refusals(401, 403))
def list_keys(org: Administers, services: Uses) -> ListOf[Json]:
    """The organisation's keys, without the keys themselves."""
    found = [key_view(row) for row in services.keys.of(org)]
    return page(found, len(found), None)


@router.post("", status_code=201, responses=_MAKING, openapi_extra=takes(KeyBody))
def create_key(org: Administers, services: Uses, raw: Body) -> One[Json]:
    """Make a key; `key` is shown this once."""
    try:
        body = KeyBody.model_validate(read_json(raw))
    except ValidationError as error:
        raise Refusal(422, "validation_error", worded(error, KeyBody)) from None
    row, token = services.keys.issue(org, body.name, body.scopes, guard=body.guard)
    return One(id=row.id, object="key", data={**key_view(row), "key": token})


@router.delete("/{key_id}", responses=_REVOKING)
def revoke_key(org: Administers, services: Uses, key_id: str) -> One[Json]:
    """Make a key useless from now on."""
    services.keys.revoke(org, key_id)
    (row,) = (one for one in services.keys.of(org) if one.id == key_id)
    return One(id=key_id, object="key", data=key_view(row))
