"""`enrich.entity`: reads an entity of the graph."""

from pydantic import Field

from levada_runtime.pipeline.actions.keys import external_id
from levada_runtime.pipeline.language.fields import Kind, StepFields, Value
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.model import Entities, StepResult


class EnrichEntity(StepFields):
    """Set `$entity.<kind>` to the traits of one entity; nothing happens when there is none."""

    kind: Kind = Field(description="What the entity is: `user`, `account`, `order` …")
    external_id: Value = Field(description="Your own key of it; a number is spelt as text.")


def act(step: EnrichEntity, scope: Scope, entities: Entities) -> StepResult:
    """Look the entity up; a missing one is no failure."""
    key = external_id(step.external_id, scope)
    traits = entities.find(step.kind, key)
    if traits is None:
        return StepResult("enrich.entity", "missed", f"{step.kind} {key}")
    scope.entities[step.kind] = traits
    return StepResult("enrich.entity", "enriched", f"{step.kind} {key}")
