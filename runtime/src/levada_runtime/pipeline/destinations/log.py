"""`log`: writes the body to the runtime's log."""

from typing import Literal as OneOf

from pydantic import Field

from levada_runtime.pipeline.destinations.fields import Address, DestinationFields
from levada_runtime.pipeline.language.fields import Text
from levada_runtime.pipeline.language.nodes import Literal
from levada_runtime.pipeline.language.scope import Scope


class Log(DestinationFields):
    """Write the body to the runtime's log."""

    level: OneOf["debug", "info", "warning", "error"] = Field(default="info", description="The level it is logged at.")
    message: Text = Field(default=Literal("pipeline event"), description="What the line says.")


def render(step: Log, scope: Scope) -> Address:
    """Return the line's level and message."""
    return Address("log", {"level": step.level, "message": step.message.value(scope)})
