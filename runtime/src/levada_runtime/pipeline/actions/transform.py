"""`transform`: shapes the body that destinations are sent."""

from typing import Self

from pydantic import model_validator

from levada_runtime.pipeline.language.faults import Fault
from levada_runtime.pipeline.language.fields import BodyFields, faulty
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.spelling import check_weight
from levada_runtime.pipeline.model import Entities, StepResult


class Transform(BodyFields):
    """Shape the body to be sent. Without any transform it is the event's envelope; of several the last one counts."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set & {"template", "body"}:
            raise faulty(Fault("`transform` needs a `template` or a `body`"))
        return self


def act(step: Transform, scope: Scope, _: Entities) -> StepResult:
    """Make the body of what is there now; what is undefined is null."""
    shape = step.shape()
    body = shape.value(scope) if shape else None
    check_weight(body)
    scope.body = None if body is UNDEFINED else body
    return StepResult("transform", "passed")
