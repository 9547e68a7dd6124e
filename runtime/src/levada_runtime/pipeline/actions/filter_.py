"""`filter`: lets an event go on, or drops it."""

from pydantic import Field

from levada_runtime.pipeline.language.fields import Condition, StepFields
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.model import Entities, StepResult


class Filter(StepFields):
    """Let only those events go on for which a condition holds."""

    where: Condition = Field(
        description="The condition, as text or as `all`, `any` or `not` of `field`, `op` and `value`."
    )


def act(step: Filter, scope: Scope, _: Entities) -> StepResult:
    """Drop the event unless the condition is true."""
    return StepResult("filter", "passed" if step.where.value(scope) is True else "dropped")
