"""What every end of an attempt has in common."""

from collections.abc import Sequence
from typing import Any, Final

from levada_runtime.graph.guard import Held
from levada_runtime.sandbox.model import Outcome
from levada_runtime.work.service import StaleClaimError

_TOLD: Final = 5


def error_of(outcome: Outcome) -> dict[str, Any]:
    """Return how an attempt failed, in the shape of every error."""
    details = {"traceback": outcome.traceback} if outcome.traceback else {}
    return {"code": outcome.code or outcome.reason, "message": outcome.message, "details": details}


def held_error(held: Sequence[Held]) -> dict[str, Any] | None:
    """Return why a run that went well is partial: what of it is held; None when nothing is."""
    if not held:
        return None
    ids = [one.id for one in held]
    message = f"{'; '.join(one.told for one in held[:_TOLD])}; `runtime graph held show {ids[0]}` says what would go"
    return {"code": "sync_held", "message": message, "details": {"held": ids}}


def check_completed(held: bool) -> None:
    """Raise StaleClaimError unless the claim was held to the end, so that the unit of work is given up."""
    if not held:
        raise StaleClaimError("another worker holds this run by now; this one's end is given up")
