"""Reads which events a pipeline takes."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from levada_runtime.pipeline.definition import OPEN_FAMILIES, SOURCES, SourceRule
from levada_runtime.pipeline.document import Document
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, did_you_mean
from levada_runtime.pipeline.language.fields import faulty, reader
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.steps import read_fields

_GROWING = ("run", "delivery")
"""Families whose states are the runtime's own business; any name within them may be written."""


def _match(given: Any, _: Reading) -> tuple[str, ...]:
    patterns = [given] if isinstance(given, str) else given
    if not isinstance(patterns, list) or not all(isinstance(one, str) and one for one in patterns):
        raise LanguageFailed([Fault("`match` is a type of event, a glob, or a list of them")])
    return tuple(patterns)


class SourceFields(BaseModel):
    """One rule by which events are taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: str = Field(description="The event's source: `sdk.event`, `document.created`, or a glob as `document.*`.")
    match: Annotated[tuple[str, ...], reader(_match), WithJsonSchema({"type": ["string", "array"]})] = Field(
        default=(), description="The event's type: exact, a glob, or a list of them; without it every type."
    )

    @field_validator("type")
    @classmethod
    def _known(cls, given: str) -> str:
        family, dot, _ = given.partition(".")
        families = {source.partition(".")[0] for source in SOURCES}
        if given == "*" or (family in _GROWING and dot):
            return given
        rule = SourceRule(given)
        if family not in families or not any(rule.takes(source, "") for source in SOURCES):
            raise faulty(Fault(f"no event has the source {given!r}{did_you_mean(given, SOURCES)}"))
        return given


def read_sources(given: Any, document: Document) -> tuple[SourceRule, ...]:
    """Read the rules. Problems are noted in the document."""
    if not isinstance(given, list) or not given:
        usual = ", ".join(f"{family}.*" for family in OPEN_FAMILIES)
        document.note(("sources",), f"`sources` is a list of rules; leave it out to take {usual}")
        return ()
    read = []
    for index, one in enumerate(given):
        rule = read_fields(SourceFields, one, ("sources", index), document)
        if rule is not None:
            read.append(SourceRule(rule.type, rule.match))
    return tuple(read)
