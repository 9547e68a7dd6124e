"""What every end of an attempt has in common."""

from typing import Any

from levada_runtime.sandbox.model import Outcome
from levada_runtime.work.service import StaleClaimError


def error_of(outcome: Outcome) -> dict[str, Any]:
    """Return how an attempt failed, in the shape of every error."""
    details = {"traceback": outcome.traceback} if outcome.traceback else {}
    return {"code": outcome.code or outcome.reason, "message": outcome.message, "details": details}


def check_completed(held: bool) -> None:
    """Raise StaleClaimError unless the claim was held to the end, so that the unit of work is given up."""
    if not held:
        raise StaleClaimError("another worker holds this run by now; this one's end is given up")
