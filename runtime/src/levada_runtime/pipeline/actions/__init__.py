"""What a pipeline can do with an event before it is delivered: one module an action, each a model and a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from levada_runtime.pipeline.actions import enrich_entity, filter_, transform, upsert_entity
from levada_runtime.pipeline.language.fields import StepFields
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.model import Entities, StepResult


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One kind of action."""

    name: str
    fields: type[StepFields]
    act: Callable[[Any, Scope, Entities], StepResult]
    sets_entity: bool = False
    """Whether steps after it may refer to `$entity.<its kind>`."""


ACTIONS: Final[dict[str, ActionKind]] = {
    one.name: one
    for one in (
        ActionKind("filter", filter_.Filter, filter_.act),
        ActionKind("transform", transform.Transform, transform.act),
        ActionKind("upsert.entity", upsert_entity.UpsertEntity, upsert_entity.act, sets_entity=True),
        ActionKind("enrich.entity", enrich_entity.EnrichEntity, enrich_entity.act, sets_entity=True),
    )
}
LATER_ACTIONS: Final = frozenset({"enrich.person", "enrich.company", "relate", "dedupe", "throttle", "redact"})
"""Actions that have a name and are not in this version."""
