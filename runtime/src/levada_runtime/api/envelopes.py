"""The documents envelope, for what went well and for every error."""

import secrets
from typing import Any, Generic, Literal, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from levada_runtime.foundation.errors import NotFoundFailure, RuntimeFailure, UsageFailure
from levada_runtime.foundation.logging import logger

Data = TypeVar("Data")


class Pagination(BaseModel):
    """Where a list goes on."""

    limit: int
    cursor: str | None
    has_more: bool


class ListOf(BaseModel, Generic[Data]):
    """One page of a list."""

    object: Literal["list"] = "list"
    data: list[Data]
    pagination: Pagination


class One(BaseModel, Generic[Data]):
    """One object."""

    id: str
    object: str
    data: Data


class Failure(BaseModel):
    """What every error looks like."""

    status: Literal["error"] = "error"
    code: str
    message: str
    request_id: str
    details: Any = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Failure, "description": "No key, or one that is not known."},
    403: {"model": Failure, "description": "The key lacks the scope."},
    404: {"model": Failure, "description": "There is no such thing for this organisation."},
    422: {"model": Failure, "description": "A value cannot be meant; `details` names it."},
}
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class Refusal(HTTPException):
    """An error with its code."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, message, headers)
        self.code = code


class RequestIds:
    """Gives every answer an `X-Request-Id`: the caller's own if it is fit to print, else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, named)


def install_errors(app: FastAPI) -> None:
    """Answer every error in the documents envelope."""
    app.add_exception_handler(HTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(RuntimeFailure, _on_failure)
    app.add_exception_handler(Exception, _on_surprise)


def failure(
    request: Request, status: int, code: str, message: str, details: Any = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return an error in the documents envelope."""
    request_id = getattr(request.state, "request_id", "")
    body = Failure(code=code, message=message, request_id=request_id, details=details)
    return JSONResponse(body.model_dump(mode="json"), status, {**(headers or {}), "X-Request-Id": request_id})


def _on_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = error.code if isinstance(error, Refusal) else _CODES.get(error.status_code, "error")
    return failure(request, error.status_code, code, error.detail, headers=dict(error.headers or {}))


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = [
        {"path": ".".join(str(part) for part in item["loc"][1:]), "code": item["type"], "message": item["msg"]}
        for item in error.errors()
    ]
    return failure(request, 422, "validation_error", "the request cannot be meant", details)


def _on_failure(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RuntimeFailure)
    status = 404 if isinstance(error, NotFoundFailure) else 422 if isinstance(error, UsageFailure) else 500
    return failure(request, status, error.code, error.message, error.details or None)


def _on_surprise(request: Request, error: Exception) -> JSONResponse:
    logger("api").error("a request failed", path=request.url.path, exc_info=error)
    return failure(request, 500, "internal_error", "the runtime failed; its log says why, by this request's id")


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and 0 < len(value) <= 64 and value.replace(b"-", b"").replace(b"_", b"").isalnum():
            return str(value.decode("ascii"))
    return None
