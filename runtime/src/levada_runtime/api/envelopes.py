"""What answers look like when all went well, and the refusal that each surface words in its own dialect."""

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel
from starlette.exceptions import HTTPException

from levada_runtime.api.dialects import DOCUMENTS, Dialect

Data = TypeVar("Data")
Json = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]


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


def page(items: list[Json], limit: int, cursor: str | None) -> ListOf[Json]:
    """Return one page of a list in its envelope."""
    return ListOf(data=items, pagination=Pagination(limit=limit, cursor=cursor, has_more=cursor is not None))


_MEANINGS = {
    400: "The body, or a header, cannot be read.",
    401: "No key, or one that is not known.",
    403: "The key lacks the scope.",
    404: "There is no such thing for this organisation.",
    409: "It clashes with what is there.",
    413: "The body is larger than this runtime takes.",
    415: "The body is of a type that is not read here.",
    422: "A value cannot be meant; `details` names it.",
}


def refusals(*statuses: int, dialect: Dialect = DOCUMENTS, **worded: str) -> Responses:
    """Describe the errors of a route for the OpenAPI document; `s409="…"` words one of its own."""
    meanings = {**_MEANINGS, **{int(name.removeprefix("s")): text for name, text in worded.items()}}
    chosen: Sequence[int] = sorted({*statuses, *(int(name.removeprefix("s")) for name in worded)})
    return {status: {"model": dialect.model, "description": meanings[status]} for status in chosen}


READING = refusals(401, 403, 422)
READING_ONE = refusals(401, 403, 404)
BODY = (400, 401, 403, 413, 415)
"""What a route that reads a body may refuse with, whatever the body says."""


class Refusal(HTTPException):
    """An error with its code, worded by the surface it happens on."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None, *, details: Any = None
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code
        self.details = details
