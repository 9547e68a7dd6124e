"""What the references of one run can see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class Undefined(Enum):
    """What a reference is that leads nowhere: null in a body, absent to `exists`, unlike everything else."""

    VALUE = None


UNDEFINED: Final = Undefined.VALUE


@dataclass(slots=True)
class Scope:
    """One event on its way through one pipeline. Actions write `entities` and `body`; nothing else changes."""

    event: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    now: str
    entities: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    enrich: dict[str, Any] = field(default_factory=dict)
    body: Any = UNDEFINED

    def root(self, name: str) -> Mapping[str, Any]:
        """Return what a reference's root stands for."""
        match name:
            case "event":
                return self.event
            case "entity":
                return self.entities
            case "enrich":
                return self.enrich
            case _:
                return self.pipeline
