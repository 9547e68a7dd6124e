"""Events that users send: 202 means that they are durable."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.dialects import DATA
from levada_runtime.api.entities import DataOf
from levada_runtime.api.envelopes import BODY, Refusal, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.pipeline.events import LONGEST_TEXT, MOST_EVENTS
from levada_runtime.store.model import OrgRow

Ingests = Annotated[OrgRow, Depends(org_with("ingest:write"))]

router = APIRouter(prefix="/v1", tags=["events"])


class EventBody(BaseModel):
    """Something that happened, as your code tells it."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(min_length=1, max_length=LONGEST_TEXT, description="What happened, such as `user.signup`.")
    payload: Any = Field(description="Anything in JSON; `$event.payload` in a pipeline.")
    idempotencyKey: str | None = Field(  # noqa: N815 - the spelling is the API's
        default=None,
        min_length=1,
        max_length=LONGEST_TEXT,
        description="Sent again under it, an event counts once a day.",
    )
    timestamp: datetime | None = Field(default=None, description="When it happened, with its zone.")


class EventsBody(BaseModel):
    """A number of events."""

    model_config = ConfigDict(extra="forbid")

    events: list[EventBody] = Field(min_length=1, max_length=MOST_EVENTS)


class Taken(BaseModel):
    """What became of the events; `ids` stand in their order, a duplicate's being the first one's."""

    accepted: int
    duplicates: int
    ids: list[str]


@router.post(
    "/ingest",
    status_code=202,
    response_model=DataOf[Taken],
    responses=refusals(*BODY, dialect=DATA),
    openapi_extra=takes(
        EventsBody,
        example={"events": [{"type": "user.signup", "payload": {"email": "alice@acme.co"}, "idempotencyKey": "s-1"}]},
    ),
)
def ingest_events(org: Ingests, services: Uses, raw: Body) -> Response:
    """Take up to 500 events in; one that is invalid refuses them all."""
    body = read_json(raw)
    if not isinstance(body, dict) or set(body) != {"events"}:
        raise Refusal(400, "invalid_value", 'the body must be an object with the one field "events"')
    return JSONResponse({"data": services.events.accept(org.id, body["events"])}, 202)
