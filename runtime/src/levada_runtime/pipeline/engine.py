"""Runs one event through one pipeline: values in, values out. No store, no network, no clock of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.model import Entities, Rendered, StepFailed, StepResult, Trace

__all__ = ["Entities", "Rendered", "StepFailed", "StepResult", "Trace", "run"]


def run(
    definition: Definition, event: Mapping[str, Any], entities: Entities, now: datetime, *, version: int = 0
) -> Trace:
    """Run the actions in their order, then render what each destination is to be sent.

    `event` is the envelope; `version` is the pipeline's, for `$pipeline.version`. Whether the pipeline takes the event
    at all (`Definition.takes`) is the caller's question.
    """
    raise StepFailed(f"{definition.name} cannot run yet")
