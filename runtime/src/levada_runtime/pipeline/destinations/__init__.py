"""Where a pipeline delivers: one module a destination, each a model of its fields and the function that renders them.

Sending is done by the modules beside these, from what is rendered here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from levada_runtime.pipeline.destinations import file_out, log, webhook_out
from levada_runtime.pipeline.destinations.fields import Address, DestinationFields
from levada_runtime.pipeline.language.scope import Scope


@dataclass(frozen=True, slots=True)
class DestinationKind:
    """One kind of destination."""

    name: str
    fields: type[DestinationFields]
    render: Callable[[Any, Scope], Address]


DESTINATIONS: Final[dict[str, DestinationKind]] = {
    one.name: one
    for one in (
        DestinationKind("webhook.out", webhook_out.WebhookOut, webhook_out.render),
        DestinationKind("file.out", file_out.FileOut, file_out.render),
        DestinationKind("log", log.Log, log.render),
    )
}
LATER_DESTINATIONS: Final = frozenset({"http.request", "slack", "email.out", "postgres"})
"""Destinations that have a name and are not in this version."""
