"""Errors become answers: each surface in its own dialect, every answer with an id, no surprise told in detail."""

import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from levada_runtime.api.dialects import Problem, dialect_of
from levada_runtime.api.envelopes import Refusal
from levada_runtime.foundation.errors import NotFoundFailure, RuntimeFailure, UsageFailure
from levada_runtime.foundation.logging import logger
from levada_runtime.graph.model import GraphRefusal
from levada_runtime.store.failures import UNAVAILABLE, UnreachableFailure

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_NOT_SERVED = 405
_RETRY_AFTER_S = 5
_MESSAGES = {404: "nothing is served here", 405: "this path does not serve that method"}


class Answering:
    """Gives every answer its `X-Request-Id`, and an answer to every request, whatever fails inside.

    The id is the caller's own if it is fit to print, else a new one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._served(scope, receive, named)
        except ClientDisconnect:
            logger("api").debug("the caller went away before its body was read", path=scope["path"])
        except UNAVAILABLE as error:
            logger("api").error("the store cannot be asked", path=scope["path"], request_id=request_id, exc_info=error)
            if not begun:
                await _unavailable(Request(scope))(scope, receive, named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told that it was not its fault
            logger("api").error("a request failed", path=scope["path"], request_id=request_id, exc_info=error)
            if not begun:
                await _surprise(Request(scope))(scope, receive, named)

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "\x00" in scope["path"]:  # nothing is called that, and a database may not even take the question
            answer = failure(Request(scope), 404, "not_found", _MESSAGES[404])
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def install_errors(app: FastAPI) -> None:
    """Answer every error in the dialect of the surface it happens on."""
    app.add_exception_handler(HTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(RuntimeFailure, _on_failure)
    app.add_exception_handler(GraphRefusal, _on_graph_refusal)


def failure(
    request: Request, status: int, code: str, message: str, details: Any = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return an error in the dialect of the surface that the request came in by."""
    problem = Problem(status, code, message, getattr(request.state, "request_id", ""), details)
    return JSONResponse(dialect_of(request.url.path).worded(problem), status, headers)


def _on_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    if isinstance(error, Refusal):
        return failure(request, status, error.code, error.detail, error.details, headers)
    if status == _NOT_SERVED:  # one path may have several routes, and the error knows only of the first
        headers["Allow"] = ", ".join(request.app.allowed(request.url.path))
    return failure(request, status, _CODES.get(status, "error"), _MESSAGES.get(status, error.detail), headers=headers)


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = [
        {"path": ".".join(str(part) for part in item["loc"][1:]), "code": item["type"], "message": item["msg"]}
        for item in error.errors()
    ]
    named = "; ".join(f"{one['path']}: {one['message']}" for one in details)
    status = dialect_of(request.url.path).invalid
    return failure(request, status, "validation_error", f"the request cannot be meant: {named}", details)


def _on_failure(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RuntimeFailure)
    if isinstance(error, NotFoundFailure):
        status = 404
    elif isinstance(error, UsageFailure):
        status = dialect_of(request.url.path).invalid
    elif isinstance(error, UnreachableFailure):
        logger("api").error("the store cannot be asked", path=request.url.path, exc_info=error)
        return _unavailable(request)
    else:
        logger("api").error("a request failed", path=request.url.path, code=error.code, exc_info=error)
        return _surprise(request)
    return failure(request, status, error.code, error.message, error.details or None)


def _on_graph_refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer what the graph refuses; the status of a dangling relationship is what its callers were promised."""
    assert isinstance(error, GraphRefusal)
    status = 500 if error.code == "DanglingRelationship" else 400
    return failure(request, status, error.code, error.message, error.details)


def _unavailable(request: Request) -> JSONResponse:
    """Answer that the store could not be asked, or did not say whether it wrote: nothing is known to be kept."""
    told = "the store cannot be reached now; send it again later"
    return failure(request, 503, "store_unavailable", told, headers={"Retry-After": str(_RETRY_AFTER_S)})


def _surprise(request: Request) -> JSONResponse:
    return failure(request, 500, "internal_error", "the runtime failed; its log says why, by this request's id")


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and 0 < len(value) <= 64 and value.replace(b"-", b"").replace(b"_", b"").isalnum():
            return str(value.decode("ascii"))
    return None
