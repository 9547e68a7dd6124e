"""The OpenAPI document: every route there is, with the body it reads and each status it can answer with.

Routes that read their bodies themselves say by `takes` what they read; plain Starlette routes say by `described` what
they do. Nothing automatic is left in the document that cannot happen.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from starlette.routing import Route, compile_path

Json = dict[str, Any]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_TEMPLATE = "#/components/schemas/{model}"
_AUTOMATIC = "HTTPValidationError"
_OPERATION = "openapi_operation"
_OWN = {
    "/openapi.json": ("This document", "application/json"),
    "/docs": ("This document, for people", "text/html"),
}


class Api(FastAPI):
    """An application whose OpenAPI document is complete."""

    _methods: list[tuple[str, re.Pattern[str], set[str]]] | None = None

    def allowed(self, path: str) -> list[str]:
        """Return the methods that are served at a path: by the routes of that very path, else by those that fit it."""
        if self._methods is None:
            routes = [(one.path or "", one.methods or set()) for one in iter_route_contexts(self.routes)]
            self._methods = [(whole, compile_path(whole)[0], methods) for whole, methods in routes]
        literal = [methods for whole, _, methods in self._methods if whole == path]
        fitting = literal or [methods for _, pattern, methods in self._methods if pattern.match(path)]
        return sorted(set().union(*fitting))

    def openapi(self) -> Json:
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi(), self)
        return self.openapi_schema


def takes(
    *kinds: Any, media: Mapping[str, Any] | None = None, example: Any = None, description: str = ""
) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its own JSON body: one of these models.

    `media` adds other content types with their schemas.
    """
    schemas = [TypeAdapter(kind).json_schema(ref_template=_TEMPLATE) for kind in kinds]
    parts = {name: part for schema in schemas for name, part in schema.pop("$defs", {}).items()}
    json: Json = {"schema": {**(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}), "$defs": parts}}
    if example is not None:
        json["example"] = example
    content = {"application/json": json, **{name: {"schema": schema} for name, schema in (media or {}).items()}}
    said = {"description": description} if description else {}
    return {"requestBody": {**said, "required": True, "content": content}}


def schema_of(kind: Any) -> Json:
    """Return a model's JSON Schema, whose parts are put among the components of the document."""
    return TypeAdapter(kind).json_schema(ref_template=_TEMPLATE)


def described(method: str, operation: Json) -> Callable[[Endpoint], Endpoint]:
    """Say what a plain Starlette endpoint does, in OpenAPI's words."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _OPERATION, {method.lower(): operation})
        return endpoint

    return mark


def _completed(document: Json, app: FastAPI) -> Json:
    for path, operations in _plain(app):
        document["paths"].setdefault(path, {}).update(operations)
    for operations in document["paths"].values():
        for operation in operations.values():
            _drop_automatic(operation["responses"])
            _say_errors_in_json(operation["responses"])
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in (_AUTOMATIC, "ValidationError"):
        schemas.pop(name, None)
    _gather(document["paths"], schemas)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _plain(app: FastAPI) -> Iterator[tuple[str, Json]]:
    """Yield the operations of every route that FastAPI does not describe."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Route) and not isinstance(route, APIRoute):
            own = _OWN.get(route.path)
            yield route.path, getattr(route.endpoint, _OPERATION, None) or (_page(*own) if own else {})


def _page(summary: str, media: str) -> Json:
    name = summary.lower().replace(",", "").replace(" ", "_")
    answer = {"description": f"{summary}.", "content": {media: {"schema": {}}}}
    return {"get": {"summary": summary, "operationId": name, "tags": ["machine"], "responses": {"200": answer}}}


def _drop_automatic(responses: Json) -> None:
    """Drop what FastAPI adds to every route with parameters: here they are refused in the surface's own words."""
    content = responses.get("422", {}).get("content", {})
    if any(_AUTOMATIC in str(one.get("schema")) for one in content.values()):
        del responses["422"]


def _say_errors_in_json(responses: Json) -> None:
    """Errors are JSON, also where what goes well is not."""
    for status, answer in responses.items():
        content = answer.get("content", {})
        if status >= "400" and status.isdigit() and "text/plain" in content:
            content["application/json"] = content.pop("text/plain")


def _gather(value: Any, schemas: Json) -> None:
    """Move the parts of schemas that stand inside bodies and answers to the components."""
    if isinstance(value, dict):
        schemas.update(value.pop("$defs", {}))
        for one in value.values():
            _gather(one, schemas)
    elif isinstance(value, list):
        for one in value:
            _gather(one, schemas)
