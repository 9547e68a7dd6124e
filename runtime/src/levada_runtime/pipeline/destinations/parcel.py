"""What is handed to whoever sends: one delivery, ready to go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from levada_runtime.pipeline.retry import Sent


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery. `may_be_there` says that an attempt before this one may have arrived without our knowing."""

    uid: str
    pipeline: str
    fields: Mapping[str, Any]
    body: str
    secrets: Mapping[str, str]
    may_be_there: bool = False


class Sender(Protocol):
    """Sends to one kind of destination."""

    def secret_names(self, fields: Mapping[str, Any]) -> frozenset[str]:
        """Return the names of the secrets that fields ask for."""
        ...

    def send(self, parcel: Parcel) -> Sent:
        """Make one attempt and say how it ended; nothing that the far side does is raised."""
        ...
