"""`upsert.entity`: writes what an event says of an entity into the graph."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema

from levada_runtime.pipeline.actions.keys import external_id
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed
from levada_runtime.pipeline.language.fields import Kind, StepFields, Text, Value, reader
from levada_runtime.pipeline.language.nodes import Fields, Literal, Node, Reference
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.templates import read_value
from levada_runtime.pipeline.model import Entities, StepFailed, StepResult


def _traits(given: Any, reading: Reading) -> Node:
    node = read_value(given, reading)
    if not isinstance(node, Fields | Reference):
        raise LanguageFailed([Fault("traits are a mapping, or a reference to one")])
    return node


class UpsertEntity(StepFields):
    """Create or update one entity, and set `$entity.<kind>` to its merged traits."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Kind = Field(description="What the entity is: `user`, `account`, `order` …")
    external_id: Value = Field(description="Your own key of it; a number is spelt as text.")
    traits: Annotated[
        Node, reader(_traits), WithJsonSchema({"type": ["object", "string"], "description": "mapping of values"})
    ] = Field(
        default=Fields(()),
        description="What to write, name by name. A trait that is undefined is left as it is; null is written.",
    )
    class_: str | None = Field(
        default=None, alias="class", pattern=r"^[A-Z][A-Za-z0-9]*$", description="The entity's class, such as `User`."
    )
    display_name: Text = Field(default=Literal(""), description="What people call it.")


def act(step: UpsertEntity, scope: Scope, entities: Entities) -> StepResult:
    """Write the entity, then show its merged traits to the steps that follow."""
    key = external_id(step.external_id, scope)
    name = step.display_name.value(scope) or None
    traits = _written(step.traits, scope)
    scope.entities[step.kind] = entities.upsert(step.kind, key, traits, class_=step.class_, display_name=name)
    return StepResult("upsert.entity", "upserted", f"{step.kind} {key}")


def _written(node: Node, scope: Scope) -> dict[str, Any]:
    if isinstance(node, Fields):
        values = ((name, part.value(scope)) for name, part in node.items)
        return {name: value for name, value in values if value is not UNDEFINED}
    value = node.value(scope)
    if value is UNDEFINED:
        return {}
    if not isinstance(value, Mapping):
        raise StepFailed(f"traits ({node}) must be an object")
    return dict(value)
