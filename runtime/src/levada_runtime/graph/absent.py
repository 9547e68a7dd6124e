"""An entity that is not there, said with what is."""

from collections.abc import Sequence
from datetime import datetime

from levada._nearest import nearest
from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.graph.model import Key
from levada_runtime.store.unit_of_work import UnitOfWork

_KINDS = 200
"""How many kinds are looked at for the one that was meant."""


def no_entity(
    uow: UnitOfWork, org_id: int, key: Key, *, as_of: datetime | None = None, path: str = "key"
) -> NotFoundFailure:
    """Return the failure of a look for an entity; a kind that nothing has is named, with the one it looks like."""
    kind, external_id = key
    told = f"there is no entity {kind} {external_id!r}"
    if as_of is not None:
        told = f"there was no entity {kind} {external_id!r} at {as_of.isoformat()}"
    hint = _way_out(kind, uow.graph.kinds(org_id, _KINDS))
    return NotFoundFailure(told, code="unknown_entity", hint=hint, details={"path": path})


def _way_out(kind: str, kinds: Sequence[str]) -> str:
    if kind in kinds:
        return f"`runtime entities list --kind {kind}` shows what there is"
    near = nearest(kind, kinds)
    if near is not None:
        return f"nothing is of the kind {kind!r}: did you mean {near!r}?"
    return f"nothing is of the kind {kind!r}: `runtime graph stats` shows the kinds there are"
