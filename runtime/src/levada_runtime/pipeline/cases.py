"""A pipeline tried out: with one event, or with the `tests:` it carries. Nothing is stored and nothing is sent."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.pipeline.definition import Case, Definition
from levada_runtime.pipeline.document import Document
from levada_runtime.pipeline.engine import run
from levada_runtime.pipeline.memory import MemoryEntities
from levada_runtime.pipeline.model import Trace
from levada_runtime.pipeline.steps import read_fields

NOW: Final = "2025-01-01T00:00:00.000Z"
"""What `now()` is in tests that do not say."""
MOST_CASES: Final = 200


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenEvent(_Strict):
    """An event as a test or a file gives it; only the type is needed."""

    type: str
    payload: Any = None
    id: str = "evt_0000000000000test"
    source: str = "sdk.event"
    received_at: str = NOW
    provenance: dict[str, Any] | None = None
    cause: dict[str, Any] | None = None
    document: dict[str, Any] | None = None


class GivenEntity(_Strict):
    """An entity that is there, or that is expected to be."""

    kind: str
    external_id: str
    traits: dict[str, Any] = {}


class Given(_Strict):
    """What a test begins with."""

    event: GivenEvent
    entities: list[GivenEntity] = []
    now: datetime = Field(default=datetime(2025, 1, 1, tzinfo=UTC))


class Expected(_Strict):
    """What a test ends with; what it does not mention, it does not ask for."""

    taken: bool | None = None
    dropped: bool | None = None
    fails: str | None = None
    """A part of the reason."""
    body: Any = None
    sent: list[Any] | None = None
    """The bodies, in the order of the destinations."""
    entities: list[GivenEntity] = []


class CaseFields(_Strict):
    """One of a pipeline's own tests."""

    name: str = ""
    given: Given
    expect: Expected


def read_cases(given: Any, document: Document) -> tuple[Case, ...]:
    """Read the `tests:` of a pipeline. Problems are noted in the document."""
    if not isinstance(given, list) or len(given) > MOST_CASES:
        document.note(("tests",), f"`tests` is a list of at most {MOST_CASES} tests, each with `given` and `expect`")
        return ()
    read = []
    for index, one in enumerate(given):
        fields = read_fields(CaseFields, one, ("tests", index), document)
        if fields is not None:
            line = document.line_of(("tests", index))
            read.append(Case(fields.name or f"test {index + 1}", one["given"], one["expect"], line))
    return tuple(read)


def run_cases(definition: Definition) -> list[dict[str, Any]]:
    """Run the pipeline's own tests. Each result has `name`, `line`, `passed` and `differences`, lines to read."""
    return [_run_case(definition, case) for case in definition.tests]


def try_event(
    definition: Definition,
    event: Mapping[str, Any],
    entities: Iterable[Mapping[str, Any]] = (),
    now: datetime | None = None,
) -> dict[str, Any]:
    """Run one event, given whole or by its type and payload, and return what each step did and what would be sent.

    Raises UsageFailure when it is no event.
    """
    try:
        given = GivenEvent.model_validate(dict(event))
    except ValidationError as failed:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in failed.errors())
        raise UsageFailure(f"this is no event: {wrong}", hint="it needs a `type`, and usually a `payload`") from None
    envelope = _envelope(given)
    here = MemoryEntities(entities)
    taken = definition.takes(envelope["source"], envelope["type"])
    trace = run(definition, envelope, here, now or datetime.now(UTC)) if taken else Trace()
    return _view(definition, trace, here, taken=taken)


def _run_case(definition: Definition, case: Case) -> dict[str, Any]:
    given, expected = Given.model_validate(case.given), Expected.model_validate(case.expect)
    now = given.now if given.now.tzinfo else given.now.replace(tzinfo=UTC)
    rows = [entity.model_dump() for entity in given.entities]
    result = try_event(definition, given.event.model_dump(exclude_unset=True), rows, now)
    differences = list(_differences(expected, result))
    return {"name": case.name, "line": case.line, "passed": not differences, "differences": differences}


def _differences(expected: Expected, result: Mapping[str, Any]) -> Iterable[str]:
    asked = expected.model_fields_set
    if "taken" in asked or not result["taken"]:
        yield from _difference("taken", expected.taken is not False, result["taken"])
    for name, actual in (("dropped", result["dropped_by"] is not None), ("body", result["body"])):
        if name in asked:
            yield from _difference(name, getattr(expected, name), actual)
    if "sent" in asked:
        yield from _difference("sent", expected.sent, [one["body"] for one in result["deliveries"]])
    if (expected.fails or "") not in (result["error"] or "") or bool(expected.fails) != bool(result["error"]):
        yield from _difference("fails", expected.fails, result["error"])
    rows = {(row["kind"], row["external_id"]): row["traits"] for row in result["entities"]}
    for one in expected.entities:
        yield from _difference(
            f"entity {one.kind} {one.external_id}", one.traits, rows.get((one.kind, one.external_id))
        )


def _difference(what: str, expected: Any, actual: Any) -> Iterable[str]:
    wanted, found = _lines(expected), _lines(actual)
    if wanted != found:
        yield f"{what}: expected (-), found (+)"
        yield from (line.rstrip("\n") for line in difflib.ndiff(wanted, found) if not line.startswith("?"))


def _lines(value: Any) -> list[str]:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode().splitlines()


def _envelope(event: GivenEvent) -> dict[str, Any]:
    whole = event.model_dump()
    if whole["document"] is None:
        del whole["document"]
    return whole


def _view(definition: Definition, trace: Trace, entities: MemoryEntities, *, taken: bool) -> dict[str, Any]:
    return {
        "pipeline": definition.name,
        "taken": taken,
        "steps": [{"kind": step.kind, "outcome": step.outcome, "detail": step.detail} for step in trace.steps],
        "dropped_by": trace.dropped_by,
        "error": trace.error,
        "body": trace.body,
        "deliveries": [
            {
                "type": one.type,
                "target": one.target,
                "fields": one.fields,
                "body": orjson.loads(one.body),
                "problem": one.problem,
            }
            for one in trace.deliveries
        ],
        "entities": entities.rows(),
    }
