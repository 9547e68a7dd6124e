"""Webhooks in: no key is asked for, since each delivery proves itself; what is answered 202 is durable."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from levada_runtime.api.auth import services_of
from levada_runtime.api.bodies import read_raw
from levada_runtime.api.envelopes import Refusal, refusals
from levada_runtime.runs.doors import Door, TurnedAway
from levada_runtime.runs.webhooks import Accepted, Challenge, Intake

PATH = "/hooks/{connection}/{stream}"
REPLY_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05
_LONG_BODY = 64 << 10
_WITHOUT_BODY = frozenset({204, 205, 304})

router = APIRouter(tags=["webhooks"])


class Received(BaseModel):
    """A delivery is kept and will be carried out; of one that came before, the receipt it got then."""

    receipt_id: str


class Asked(BaseModel):
    """The word that a `url_verification` asked to hear back."""

    challenge: str


_PROOF = "The delivery does not prove where it comes from; `code` says what is missing."
_NOT_HERE = "There is no such connection or stream, or several connections have that name."
_NOT_NOW = "The connector cannot be used, or the store did not keep the delivery; send it again after `Retry-After`."
_TOO_MANY = "Too many deliveries of the stream wait already; send it again after `Retry-After`."
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Asked, "description": "A handshake, answered; or the route's own reply."},
    202: {"model": Received, "description": "The delivery is durable."},
    "default": {"description": "The reply of a route that is declared `reply=True`, with the status it chose."},
    **refusals(413, s401=_PROOF, s404=_NOT_HERE, s429=_TOO_MANY, s503=_NOT_NOW),
}
_SHAKEN: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}, "description": "The challenge."}}
_KINDS = {"application/json": {"schema": {}}, "application/octet-stream": {"schema": {"type": "string"}}}
_BODY = {"requestBody": {"description": "The delivery, as its source signed it; of any type.", "content": _KINDS}}


@router.post(
    PATH,
    status_code=202,
    response_model=Received,
    responses=_ANSWERS,
    openapi_extra=_BODY,
)
async def receive_webhook(request: Request, connection: str, stream: str) -> Response:
    """Take a delivery in; the connection is named by its id, or by its name where only one has it."""
    intake = services_of(request).intake  # not a dependency, which would cost each delivery a change of threads
    try:
        door = await _door(intake, connection, stream)
        body = await read_raw(request, intake.max_body)
        taken = await _take(intake, door, request, body)
    except TurnedAway as turned_away:
        raise _refusal(turned_away) from None
    if isinstance(taken, Challenge):
        return JSONResponse({"challenge": taken.challenge})
    reply = await _reply(intake, taken) if door.stream.reply else None
    return reply or JSONResponse({"receipt_id": taken.receipt_id}, 202)


def straight_route() -> Route:
    """Return the way a delivery takes, past what FastAPI reads out of a request; the route above documents it."""
    return Route(PATH, _receive, methods=["POST"], include_in_schema=False)


async def _receive(request: Request) -> Response:
    return await receive_webhook(request, **request.path_params)


@router.get(
    PATH,
    response_class=PlainTextResponse,
    responses={**_SHAKEN, **refusals(s401=_PROOF, s404=_NOT_HERE, s405="Only POST.", s503=_NOT_NOW)},
)
async def shake_hands(request: Request, connection: str, stream: str) -> Response:
    """Answer the challenge that some sources ask before their first delivery (`hub.challenge`)."""
    intake = services_of(request).intake
    try:
        door = await _door(intake, connection, stream)
        asked = intake.challenge(door, request.query_params)
    except TurnedAway as turned_away:
        raise _refusal(turned_away) from None
    return PlainTextResponse(asked.challenge, headers={"X-Content-Type-Options": "nosniff"})


async def _door(intake: Intake, connection: str, stream: str) -> Door:
    door = intake.doors.remembered(connection, stream)
    return door if door is not None else await run_in_threadpool(intake.doors.find, connection, stream)


async def _take(intake: Intake, door: Door, request: Request, body: bytes) -> Accepted | Challenge:
    """Verify and wait for the commit; a long body is verified beside the loop, so that others are served meanwhile."""
    given = (door, _joined(request), dict(request.query_params), body)
    long = len(body) > _LONG_BODY
    taken = await run_in_threadpool(intake.receive, *given) if long else intake.receive(*given)
    if isinstance(taken, Challenge):
        return taken
    kept: asyncio.Future[Accepted] = asyncio.wrap_future(taken)
    return await kept


async def _reply(intake: Intake, accepted: Accepted) -> Response | None:
    """Wait for the route's reply; None when there is none, or not in time: the delivery is kept either way."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + REPLY_WITHIN_S
    while loop.time() < deadline:
        try:
            reply = await run_in_threadpool(intake.reply_to, accepted)
        except LookupError:
            return None
        if reply is not None:
            status = reply["status"]
            return Response(status_code=status) if status in _WITHOUT_BODY else JSONResponse(reply["json"], status)
        await asyncio.sleep(_LOOK_EVERY_S)
    return None


def _joined(request: Request) -> dict[str, str]:
    """Return the headers by their names in lower case; one that came several times is one list, as HTTP says."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _refusal(turned_away: TurnedAway) -> Refusal:
    headers = {"Retry-After": str(turned_away.retry_after)} if turned_away.retry_after else {}
    if turned_away.status == 405:
        headers["Allow"] = "POST"
    return Refusal(turned_away.status, turned_away.code, turned_away.message, headers)
