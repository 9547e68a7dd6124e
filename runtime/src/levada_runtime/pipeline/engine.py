"""Runs one event through one pipeline: values in, values out. No store, no network, no clock of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from levada_runtime.pipeline.actions import ACTIONS
from levada_runtime.pipeline.definition import Action, Definition, Destination
from levada_runtime.pipeline.destinations import DESTINATIONS
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.spelling import check_weight, to_json
from levada_runtime.pipeline.model import Entities, Rendered, StepFailed, StepResult, Trace

__all__ = ["Entities", "Rendered", "StepFailed", "StepResult", "Trace", "run"]


def run(
    definition: Definition, event: Mapping[str, Any], entities: Entities, now: datetime, *, version: int = 0
) -> Trace:
    """Run the actions in their order, then render what each destination is to be sent.

    `event` is the envelope; `version` is the pipeline's, for `$pipeline.version`. Whether the pipeline takes the event
    at all (`Definition.takes`) is the caller's question. Nothing after a failed step is run.
    """
    scope = Scope(event, {"name": definition.name, "version": version}, _spelt(now))
    trace = Trace()
    for index, action in enumerate(definition.actions):
        result = _act(action, scope, entities)
        trace.steps.append(result)
        if result.outcome == "dropped":
            trace.dropped_by = index
            return trace
        if result.outcome == "failed":
            trace.error = f"{action.kind} (action {index + 1}): {result.detail}"
            return trace
    trace.body = dict(event) if scope.body is UNDEFINED else scope.body
    trace.deliveries = [_render(index, one, scope, trace.body) for index, one in enumerate(definition.destinations)]
    return trace


def _act(action: Action, scope: Scope, entities: Entities) -> StepResult:
    try:
        return ACTIONS[action.kind].act(action.step, scope, entities)
    except StepFailed as failed:
        return StepResult(action.kind, "failed", str(failed))
    except RecursionError:
        return StepResult(action.kind, "failed", "the event is nested too deeply")


def _render(index: int, destination: Destination, scope: Scope, body: Any) -> Rendered:
    kind = destination.kind
    try:
        address = DESTINATIONS[kind].render(destination.step, scope)
    except StepFailed as failed:
        return Rendered(index, kind, kind, {}, "null", str(failed))
    try:
        text = _body(destination, scope, body)
    except StepFailed as failed:
        return Rendered(index, kind, address.target, address.fields, "null", str(failed))
    return Rendered(index, kind, address.target, address.fields, text)


def _body(destination: Destination, scope: Scope, body: Any) -> str:
    shape = destination.step.shape()
    if shape is None:
        return to_json(body)
    own = shape.value(scope)
    check_weight(own)
    return to_json(own)


def _spelt(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
