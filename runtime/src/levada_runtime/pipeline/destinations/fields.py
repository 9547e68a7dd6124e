"""What all destinations have: a body of their own if they want one, and fields that come to an address."""

from dataclasses import dataclass
from typing import Any

from levada_runtime.pipeline.language.fields import BodyFields


@dataclass(frozen=True, slots=True)
class Address:
    """Where one delivery goes: `target` for people and for the circuit breaker, `fields` for whoever sends."""

    target: str
    fields: dict[str, Any]


class DestinationFields(BodyFields):
    """The fields of one destination."""

    def secret_names(self) -> frozenset[str]:
        """Return the names of the secrets it is sent with."""
        return frozenset()
