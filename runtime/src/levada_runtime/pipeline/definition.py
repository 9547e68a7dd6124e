"""A pipeline as it was written, read and checked: the sources it takes, the steps it runs, where it delivers."""

import fnmatch
from dataclasses import dataclass
from typing import Any, Final

from levada_runtime.pipeline.destinations.fields import DestinationFields
from levada_runtime.pipeline.language.fields import StepFields

OPEN_FAMILIES: Final = ("sdk", "document")
"""Families of events that a pipeline takes without naming them."""

SOURCES: Final = (
    "sdk.event",
    "document.created",
    "document.updated",
    "document.retired",
    "entity.created",
    "entity.updated",
    "entity.deleted",
    "run.failed",
    "run.partial",
    "delivery.dead",
)


@dataclass(frozen=True, slots=True)
class SourceRule:
    """Which events a pipeline takes: `type` is held against their source, `match` against their type."""

    type: str
    match: tuple[str, ...] = ()

    def takes(self, source: str, type_: str) -> bool:
        """Tell whether an event of this source and type is meant. A family that is not open must be named."""
        family = source.partition(".")[0]
        if family not in OPEN_FAMILIES and self.type.partition(".")[0] != family:
            return False
        return _fits(source, self.type) and (not self.match or any(_fits(type_, one) for one in self.match))


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the name of its kind, and its fields."""

    kind: str
    step: StepFields
    line: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination: the name of its kind, and its fields."""

    kind: str
    step: DestinationFields
    line: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One of the definition's own tests: what is given, and what is expected. `cases` knows what they may hold."""

    name: str
    given: dict[str, Any]
    expect: dict[str, Any]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipeline that may be deployed."""

    name: str
    sources: tuple[SourceRule, ...]
    actions: tuple[Action, ...]
    destinations: tuple[Destination, ...]
    tests: tuple[Case, ...] = ()
    text: str = ""

    def takes(self, source: str, type_: str) -> bool:
        """Tell whether events of this source and type run through the pipeline.

        A pipeline without sources takes every `sdk.event` and every `document.*`, nothing else.
        """
        if not self.sources:
            return source.partition(".")[0] in OPEN_FAMILIES
        return any(rule.takes(source, type_) for rule in self.sources)

    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets its destinations ask for."""
        return frozenset(name for one in self.destinations for name in one.step.secret_names())


def _fits(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
