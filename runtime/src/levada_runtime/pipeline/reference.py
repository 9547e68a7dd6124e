"""What pipelines may hold, told by their models: rows for a reference page, and JSON Schema for editors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from levada_runtime.pipeline.actions import ACTIONS
from levada_runtime.pipeline.cases import CaseFields
from levada_runtime.pipeline.destinations import DESTINATIONS
from levada_runtime.pipeline.sources import SourceFields


@dataclass(frozen=True, slots=True)
class FieldReference:
    """One field of a step."""

    name: str
    type: str
    required: bool
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class StepReference:
    """One kind of step: `section` is `sources`, `actions` or `destinations`."""

    section: str
    name: str
    help: str
    fields: tuple[FieldReference, ...]


def reference_rows() -> Iterator[StepReference]:
    """Tell of each kind of step, in the order in which a pipeline is written."""
    yield _row("sources", "sources", SourceFields)
    for name, action in ACTIONS.items():
        yield _row("actions", name, action.fields)
    for name, destination in DESTINATIONS.items():
        yield _row("destinations", name, destination.fields)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a pipeline's YAML."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Levada pipeline",
        "type": "object",
        "additionalProperties": False,
        "required": ["pipeline"],
        "properties": {
            "pipeline": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},
            "sources": {"type": "array", "minItems": 1, "items": SourceFields.model_json_schema()},
            "actions": {
                "type": "array",
                "items": {"oneOf": [_step(name, one.fields) for name, one in ACTIONS.items()]},
            },
            "destinations": {
                "type": "array",
                "items": {"oneOf": [_step(name, one.fields) for name, one in DESTINATIONS.items()]},
            },
            "tests": {"type": "array", "items": _inlined(CaseFields.model_json_schema())},
        },
    }


def _steps(kinds: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    return {"type": "array", "items": {"oneOf": [_step(name, fields) for name, fields in kinds.items()]}}


def _step(name: str, fields: type[BaseModel]) -> dict[str, Any]:
    schema = fields.model_json_schema()
    optional = not schema.get("required")
    inner: dict[str, Any] = {"oneOf": [schema, {"type": "null"}]} if optional else schema
    return {"type": "object", "additionalProperties": False, "required": [name], "properties": {name: inner}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    # References of a schema lead from its root, which is not the root here.
    definitions = schema.pop("$defs", {})

    def inline(part: Any) -> Any:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            return inline(definitions[name]) if name in definitions else {key: inline(one) for key, one in part.items()}
        return [inline(one) for one in part] if isinstance(part, list) else part

    return dict(inline(schema))


def _row(section: str, name: str, fields: type[BaseModel]) -> StepReference:
    schema = fields.model_json_schema()
    required = schema.get("required", ())
    return StepReference(
        section,
        name,
        " ".join((fields.__doc__ or "").split()),
        tuple(_field(key, one, required=key in required) for key, one in schema["properties"].items()),
    )


def _field(name: str, schema: dict[str, Any], *, required: bool) -> FieldReference:
    default = schema.get("default")
    return FieldReference(
        name,
        _type(schema),
        required,
        "" if required or default is None or not isinstance(default, str) else default,
        schema.get("description", ""),
    )


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if "anyOf" in schema:
        return " or ".join(one["type"] for one in schema["anyOf"] if one.get("type") not in {None, "null"})
    kind = schema.get("type", "any value")
    words = {"string": "text", "object": "mapping", "array": "list"}
    return " or ".join(words.get(one, one) for one in ([kind] if isinstance(kind, str) else kind))
