"""How each surface words an error: the graph as seed callers know it, entities and events briefly, the rest in full."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel


class Failure(BaseModel):
    """What an error looks like on documents, operations and paths that nothing is served at."""

    status: Literal["error"] = "error"
    code: str
    message: str
    request_id: str
    details: Any = None


class GraphFailure(BaseModel):
    """What an error looks like where the graph is written: a code, a sentence, and every offender if there are some."""

    error: str
    message: str
    details: list[dict[str, Any]] | None = None


class Dangling(GraphFailure):
    """The one error of the graph whose status says less than its code."""

    error: Literal["DanglingRelationship"]


class Reason(BaseModel):
    """What went wrong, in a sentence."""

    message: str


class DataFailure(BaseModel):
    """What an error looks like on entities and events."""

    error: Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """An error before a surface has worded it; `code` is spelt in snake_case, or as the graph spells it."""

    status: int
    code: str
    message: str
    request_id: str
    details: Any = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """A surface's way of wording errors."""

    model: type[BaseModel]
    invalid: int
    """The status of a request that was read and cannot be meant."""
    worded: Callable[[Problem], dict[str, Any]]


def dialect_of(path: str) -> Dialect:
    """Return the dialect of the surface that a path belongs to."""
    if path in ("/v1/ingest/sync", "/v1/ingest/write"):
        return GRAPH
    if path in ("/v1/ingest", "/api/entities") or path.startswith("/api/entities/"):
        return DATA
    return DOCUMENTS


def _in_full(problem: Problem) -> dict[str, Any]:
    worded = Failure(code=problem.code, message=problem.message, request_id=problem.request_id, details=problem.details)
    return worded.model_dump(mode="json")


def _briefly(problem: Problem) -> dict[str, Any]:
    return {"error": {"message": problem.message}}


def _for_the_graph(problem: Problem) -> dict[str, Any]:
    worded: dict[str, Any] = {"error": graph_code(problem.code), "message": problem.message}
    return {**worded, "details": problem.details} if problem.details else worded


def graph_code(code: str) -> str:
    """Spell a code as the graph does."""
    known = {"invalid_json": "ParseError", "invalid_value": "InvalidRequest", "validation_error": "InvalidRequest"}
    if code in known:
        return known[code]
    return code if code[:1].isupper() else "".join(part.capitalize() for part in code.split("_"))


DOCUMENTS = Dialect(Failure, 422, _in_full)
DATA = Dialect(DataFailure, 400, _briefly)
GRAPH = Dialect(GraphFailure, 400, _for_the_graph)
