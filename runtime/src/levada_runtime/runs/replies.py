"""What a webhook's route replied, as it came out of the child: read with suspicion, since a child may say anything."""

from dataclasses import replace
from typing import Any

import orjson

from levada_runtime.sandbox.model import Outcome

_STATUSES = range(200, 600)


def read_reply(result: bytes | None) -> dict[str, Any] | None:
    """Return a reply's status and JSON; None when the route replied nothing.

    Raises ValueError for what is no reply.
    """
    if result is None:
        return None
    read = orjson.loads(result)
    if not isinstance(read, dict) or set(read) != {"status", "json"}:
        raise ValueError("a reply has a status and JSON")
    if type(read["status"]) is not int or read["status"] not in _STATUSES:
        raise ValueError(f"no answer has the status {read['status']!r}")
    return read


def checked(outcome: Outcome) -> Outcome:
    """Return the outcome of a webhook's run: one whose child said what is no reply has broken the protocol."""
    try:
        read_reply(outcome.result)
    except ValueError as error:
        return replace(outcome, reason="protocol_violation", code="protocol_violation", message=str(error), result=None)
    return outcome
