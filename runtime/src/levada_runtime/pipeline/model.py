"""What a pipeline works with and what it leaves behind. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Outcome = Literal["passed", "dropped", "upserted", "enriched", "missed", "failed"]


class StepFailed(Exception):  # noqa: N818 - what happened to a step, not a mistake of the program
    """A step cannot do its work for this event; the message is the reason people read.

    Raised by actions and destinations, and by whoever implements `Entities` when the graph refuses a row. The engine
    turns it into a failed trace; it never leaves `run`.
    """


class Entities(Protocol):
    """What actions read and write of the entity graph."""

    def upsert(
        self,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,
        display_name: str | None = None,
    ) -> dict[str, Any]:
        """Create or update one entity and return its merged traits."""
        ...

    def find(self, kind: str, external_id: str) -> dict[str, Any] | None:
        """Return an entity's merged traits, None when there is no such entity."""
        ...


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one action did for one event."""

    kind: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One delivery as it is to be sent.

    `fields` are the destination's own, with every reference resolved but the secrets: those stand by name (`auth`) or
    as parts (`destinations.secrets.reveal` puts the values in at sending). `body` is the exact JSON text. A
    destination whose fields come to nothing usable (an address with a hole in it) has a `problem`; it can never be
    sent, is dropped from the beginning with that reason, and does not stop the others.
    """

    destination: int
    type: str
    target: str
    fields: dict[str, Any]
    body: str
    problem: str | None = None


@dataclass(slots=True)
class Trace:
    """What a pipeline did with one event, step by step.

    `dropped_by` is the index of the action that let the event go no further, `error` the reason why a step failed;
    with either there are no deliveries.
    """

    steps: list[StepResult] = field(default_factory=list)
    dropped_by: int | None = None
    error: str | None = None
    body: Any = None
    deliveries: list[Rendered] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Return how many steps ended this way."""
        return sum(step.outcome == outcome for step in self.steps)
