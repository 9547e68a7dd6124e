"""Refused records: listed, shown, replayed and discarded, one by one or by what they have in common."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.api.auth import Uses
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.documents import Cursor, Limit, Text, without_nul
from levada_runtime.api.envelopes import BODY, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.operations import Operates
from levada_runtime.api.wrongs import worded
from levada_runtime.ingest.quarantine import Meant

AT_ONCE = 1_000
"""How many records one request replays: it is answered when they are done."""

router = APIRouter(prefix="/v1", tags=["operations"])
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")
_ONE = refusals(401, 403, 404, s422="The record was replayed already.")
_MANY = refusals(*BODY, s404="There is no such record or connection.", s422="It is not said which records are meant.")
_ACCEPTING = refusals(
    401, 403, s404="There is no such connection or document type.", s422="The stream has no such documents."
)
Kind = Annotated[str | None, Query(alias="type", description="Only this document type."), AfterValidator(without_nul)]


class Which(BaseModel):
    """Which refused records are meant: these, or all that have something in common."""

    model_config = ConfigDict(strict=True, extra="forbid")

    ids: list[str] = Field(default_factory=list, max_length=AT_ONCE)
    connection: str | None = None
    stream: str | None = None
    type: str | None = Field(default=None, description="The document type.")
    reason: str | None = None
    all: bool = Field(default=False, description="All open ones, whatever they are.")


@router.get("/quarantine", responses=_LISTING)
def list_quarantine(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    connection: Text = None,
    kind: Kind = None,
    reason: Text = None,
    stream: Text = None,
    state: Text = "open",
) -> ListOf[Json]:
    """Refused records, newest first; `state` is open, discarded, replayed or all."""
    meant = Meant((), connection, stream, kind, reason, state)
    found = services.quarantine.page(org, meant, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.post("/quarantine/replay", responses=_MANY, openapi_extra=takes(Which))
def replay_many(org: Operates, services: Uses, which: Body) -> One[Json]:
    """Take refused records once more, oldest first, a thousand at most."""
    return One(id="quarantine", object="replay", data=services.replays.replay(org, _meant(which), AT_ONCE))


@router.post("/quarantine/discard", responses=_MANY, openapi_extra=takes(Which))
def discard_many(org: Operates, services: Uses, which: Body) -> One[Json]:
    """Say of refused records that nothing is to be done about them."""
    count = services.quarantine.discard_many(org, _meant(which))
    return One(id="quarantine", object="discard", data={"discarded": count})


@router.get("/quarantine/{record_id}", responses=READING_ONE)
def read_quarantined(org: Operates, services: Uses, record_id: str) -> One[Json]:
    """A refused record with everything that is wrong with it."""
    return One(id=record_id, object="quarantined_record", data=services.quarantine.get(org, record_id))


@router.post("/quarantine/{record_id}/replay", responses=_ONE)
def replay_quarantined(org: Operates, services: Uses, record_id: str) -> One[Json]:
    """Take a refused record once more; it is `replayed` then, or still open with what is wrong with it now."""
    services.replays.replay(org, Meant([record_id]))
    return read_quarantined(org, services, record_id)


@router.post("/quarantine/{record_id}/discard", responses=_ONE)
def discard_quarantined(org: Operates, services: Uses, record_id: str) -> One[Json]:
    """Say of a refused record that nothing is to be done about it; it stays readable."""
    return One(id=record_id, object="quarantined_record", data=services.quarantine.discard(org, record_id))


@router.post("/connections/{connection}/streams/{stream}/accept-scheme", responses=_ACCEPTING)
def accept_scheme(org: Operates, services: Uses, connection: str, stream: str, kind: Kind = None) -> One[Json]:
    """Let the documents of a stream take the idempotency keys that their records come under now."""
    accepted = services.acceptances.accept(org, connection, stream, kind)
    return One(id=connection, object="accepted_scheme", data=accepted)


def _meant(raw: bytes) -> Meant:
    try:
        which = Which.model_validate(read_json(raw))
    except ValidationError as error:
        raise Refusal(422, "validation_error", worded(error, Which)) from None
    return Meant(which.ids, which.connection, which.stream, which.type, which.reason, None, which.all)
