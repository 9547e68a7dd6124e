"""Backfills: begun, listed, shown with how far they have come, cancelled and resumed."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.api.auth import Uses
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import BODY, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.operations import Operates
from levada_runtime.api.wrongs import worded
from levada_runtime.runs.backfills import Wanted

router = APIRouter(prefix="/v1/backfills", tags=["operations"])
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")
_ENDED = refusals(401, 403, 404, s422="The backfill has ended.")
_RESUMING = refusals(401, 403, 404, s422="There is nothing to go on with, or the stream is being backfilled otherwise.")
_BEGINNING = refusals(
    *BODY,
    s404="There is no such connection.",
    s422="The stream cannot be backfilled so, or is being backfilled otherwise.",
)


class BackfillBody(BaseModel):
    """What is to be read of a stream's past."""

    model_config = ConfigDict(strict=True, extra="forbid")

    connection: str = Field(description="The connection's name or id.")
    stream: str
    begins: str = Field(alias="from", description="The first day, which is its midnight UTC, or a moment.")
    ends: str = Field(alias="to", description="The day after the last one, or a moment.")
    slice: str | None = Field(default=None, description="An ISO 8601 duration, such as P1D; the route's by default.")
    parallel: int | None = Field(default=None, description="How many slices are under way at once.")


@router.post(
    "",
    status_code=201,
    response_model=One[Json],
    responses={200: {"model": One[Json], "description": "It is under way already."}, **_BEGINNING},
    openapi_extra=takes(
        BackfillBody,
        example={"connection": "acme", "stream": "invoices", "from": "2025-01-01", "to": "2026-01-01"},
    ),
)
def begin_backfill(org: Operates, services: Uses, raw: Body) -> Response:
    """Begin to read a stream's past, slice by slice; the same body again finds the one that is under way."""
    body = _read(raw)
    connection = services.connections.get(org, body.connection)
    _, manifest = services.catalog.ready(connection.connector)
    wanted = Wanted(body.stream, body.begins, body.ends, body.slice, body.parallel)
    begun, is_new = services.backfills.begin(connection, manifest, wanted)
    answer = One[Json](id=begun.id, object="backfill", data=services.backfills.get(org, begun.id))
    return JSONResponse(answer.model_dump(mode="json"), 201 if is_new else 200)


@router.get("", responses=_LISTING)
def list_backfills(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    connection: Text = None,
    state: Text = None,
) -> ListOf[Json]:
    """Backfills, newest first."""
    found = services.backfills.page(org, connection=connection, state=state, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.get("/{backfill_id}", responses=READING_ONE)
def read_backfill(org: Operates, services: Uses, backfill_id: str) -> One[Json]:
    """A backfill with how far it has come, when it will end, and the slices that ended unread."""
    return One(id=backfill_id, object="backfill", data=services.backfills.get(org, backfill_id))


@router.post("/{backfill_id}/cancel", status_code=202, responses=_ENDED)
def cancel_backfill(org: Operates, services: Uses, backfill_id: str) -> One[Json]:
    """End a backfill: what waits ends at once, what is under way at the next question of its connector."""
    return One(id=backfill_id, object="backfill", data=services.backfills.cancel(org, backfill_id))


@router.post("/{backfill_id}/resume", status_code=202, responses=_RESUMING)
def resume_backfill(org: Operates, services: Uses, backfill_id: str) -> One[Json]:
    """Go on with what is missing of one that failed or was cancelled."""
    return One(id=backfill_id, object="backfill", data=services.backfills.resume(org, backfill_id))


def _read(raw: bytes) -> BackfillBody:
    try:
        return BackfillBody.model_validate(read_json(raw))
    except ValidationError as error:
        raise Refusal(422, "validation_error", worded(error, BackfillBody)) from None
