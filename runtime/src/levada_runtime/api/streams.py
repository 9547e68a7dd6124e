"""Streams: when they run, what became of their scheduled moments, and how far they have come."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.access.streams import StreamChange
from levada_runtime.api.auth import Uses
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import BODY, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.operations import Operates
from levada_runtime.api.wrongs import worded

router = APIRouter(prefix="/v1/streams", tags=["operations"])
Mode = Annotated[Literal["poll", "webhook"], Query(description="Whose checkpoint: that of polls or of webhooks.")]
Partition = Annotated[
    str, Query(max_length=500, description="The checkpoint's partition; the whole stream's by default.")
]
AnyPartition = Annotated[str | None, Query(max_length=500, description="Only this partition; all of them by default.")]
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")
_TICKS = refusals(401, 403, 404, 422)
_CHANGING = refusals(*BODY, 404, s422="The schedule or the policy cannot be meant, or the stream is not polled.")
_STATE = refusals(401, 403, 404, s422="The stream is not served that way.")
_MOVING = refusals(*BODY, 404, s422="A run is under way, the stream is not served that way, or it is no object.")
_RESETTING = refusals(401, 403, 404, s422="A run is under way, or the stream is not served that way.")


class Ticks(BaseModel):
    """A stream's scheduled moments, the latest first, and the next that are coming."""

    items: list[Json]
    next: list[str]
    timezone: str
    cursor: str | None


class StreamBody(BaseModel):
    """What is to be set of a stream; what is left out stays."""

    model_config = ConfigDict(strict=True, extra="forbid")

    schedule: str | None = Field(default=None, description='A cron expression; "" goes back to the manifest\'s.')
    overlap: Literal["skip", "queue_one"] | None = Field(
        default=None, description="What becomes of a moment that comes while a run goes on."
    )
    missed: Literal["catch_up", "skip"] | None = Field(
        default=None, description="What becomes of moments that nobody was there for."
    )
    paused: bool | None = Field(default=None, description="Whether the stream rests.")


class StateBody(BaseModel):
    """A checkpoint."""

    model_config = ConfigDict(strict=True, extra="forbid")

    checkpoint: dict[str, Any] = Field(description="What the next run goes on from.")


@router.get("", responses=_LISTING)
def list_streams(
    org: Operates, services: Uses, limit: Limit = 50, cursor: Cursor = None, connection: Text = None
) -> ListOf[Json]:
    """Streams, when they are next due, when they succeeded last, and what is the matter with them."""
    found = services.streams.streams(org, connection=connection, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.get("/{connection}/{stream}", responses=READING_ONE)
def read_stream(org: Operates, services: Uses, connection: str, stream: str) -> One[Json]:
    """A stream of a connection."""
    return _one(services.streams.stream(org, connection, stream))


@router.patch("/{connection}/{stream}", responses=_CHANGING, openapi_extra=takes(StreamBody))
def change_stream(org: Operates, services: Uses, connection: str, stream: str, raw: Body) -> One[Json]:
    """Set when a stream runs, whether it rests, and what becomes of moments that it cannot take."""
    view = services.streams.stream(org, connection, stream)
    change = StreamChange(**_read(raw, StreamBody).model_dump())
    services.connections.set_streams(services.connections.get(org, view["connection"]), {stream: change})
    return _one(services.streams.stream(org, connection, stream))


@router.get("/{connection}/{stream}/ticks", responses=_TICKS)
def read_ticks(
    org: Operates, services: Uses, connection: str, stream: str, limit: Limit = 50, cursor: Cursor = None
) -> One[Ticks]:
    """What became of each scheduled moment, the latest first, and the next that are coming."""
    found = services.streams.ticks(org, connection, stream, limit=limit, cursor=cursor)
    return One(id=f"{connection}/{stream}", object="ticks", data=Ticks(**found))


@router.get("/{connection}/{stream}/state", responses=_STATE)
def read_state(org: Operates, services: Uses, connection: str, stream: str, mode: Mode = "poll") -> One[Json]:
    """A stream's checkpoint: where its next run goes on from."""
    view = services.streams.stream(org, connection, stream)
    row = services.connections.get(org, view["connection"])
    return _state(services.stream_states.get(row, stream, mode))


@router.put("/{connection}/{stream}/state", responses=_MOVING, openapi_extra=takes(StateBody))
def set_state(
    org: Operates,
    services: Uses,
    connection: str,
    stream: str,
    raw: Body,
    mode: Mode = "poll",
    partition: Partition = "",
) -> One[Json]:
    """Let a stream's next run go on from another checkpoint; refused while a run is under way."""
    view = services.streams.stream(org, connection, stream)
    state = _read(raw, StateBody).checkpoint
    row = services.connections.get(org, view["connection"])
    return _state(services.stream_states.set(org, row, stream, state, partition=partition, mode=mode))


@router.delete("/{connection}/{stream}/state", responses=_RESETTING)
def reset_state(
    org: Operates,
    services: Uses,
    connection: str,
    stream: str,
    mode: Mode = "poll",
    partition: AnyPartition = None,
) -> One[Json]:
    """Let a stream's next run begin at the beginning; its documents stay."""
    view = services.streams.stream(org, connection, stream)
    row = services.connections.get(org, view["connection"])
    return _state(services.stream_states.reset(org, row, stream, partition=partition, mode=mode))


def _one(view: Json) -> One[Json]:
    return One(id=f"{view['connection']}/{view['stream']}", object="stream", data=view)


def _state(view: Json) -> One[Json]:
    return One(id=f"{view['connection']}/{view['stream']}", object="stream_state", data=view)


def _read(raw: bytes, kind: type[Any]) -> Any:
    try:
        return kind.model_validate(read_json(raw))
    except ValidationError as error:
        raise Refusal(422, "validation_error", worded(error, kind)) from None
