"""Two moments of the graph compared: what came, changed or went between them, a page at a time.

Each thing is told once, as it stood at the one moment and as it stands at the other, however often it changed between.
Entities come first, in the order of their ids, then relationships; a cursor says after which one a page goes on.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.store.columns import from_micros, to_micros
from levada_runtime.store.graph_history import Triple
from levada_runtime.store.graph_history_model import EntityThen, RelationshipThen
from levada_runtime.store.patience import Patience
from levada_runtime.store.unit_of_work import UnitOfWork

_NO_PLACE: Triple = (-1, "", -1)
_LEAST, _MOST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The microseconds of the first and the last moment there can be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comparison stands: its later moment, and after which entity or relationship it goes on."""

    until: datetime
    entity: int | None = -1
    relationship: Triple = _NO_PLACE

    def spelled(self) -> str:
        """Return it as a cursor."""
        place = [to_micros(self.until), self.entity, self.relationship]
        return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing as it stood at the one moment and as it stood at the other; None where it was not there."""

    before: EntityThen | RelationshipThen | None
    after: EntityThen | RelationshipThen | None

    @property
    def change(self) -> str:
        if self.before is None or self.after is None:
            return "created" if self.before is None else "deleted"
        return "updated"

    def ends(self) -> tuple[int, ...]:
        """Return the ids of the entities that it leads from and to; an entity leads nowhere."""
        shown = self.after or self.before
        return (shown.from_id, shown.to_id) if isinstance(shown, RelationshipThen) else ()


def read_place(cursor: str) -> Place:
    """Read a cursor.

    Raises UsageFailure when it is none that a comparison gave.
    """
    try:
        micros, entity, (start, verb, stop) = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise _no_cursor() from None
    ids = (start, stop) if entity is None else (start, stop, entity)
    if not (isinstance(verb, str) and "\0" not in verb and all(_is_id(one) for one in ids)):
        raise _no_cursor()
    if type(micros) is not int or not _LEAST <= micros <= _MOST:
        raise _no_cursor()
    return Place(from_micros(micros), entity, (start, verb, stop))


def compare(
    uow: UnitOfWork, org_id: int, since: datetime, place: Place, limit: int, patience: Patience
) -> tuple[list[Difference], Place | None]:
    """Return up to `limit` differences from a place on, and where the comparison goes on, if it does."""
    found: list[Difference] = []
    at: Place | None = place
    while at is not None and len(found) < limit:
        patience.look()
        at = _compare(uow, org_id, since, at, limit - len(found), found)
    return found, at


def _compare(
    uow: UnitOfWork, org_id: int, since: datetime, place: Place, most: int, found: list[Difference]
) -> Place | None:
    """Add what differs among the next things that may; a thing that changed and changed back has another `since`."""
    until = place.until
    if place.entity is not None:
        ids = uow.graph_history.changed_entities(org_id, since, until, place.entity, most)
        before = uow.graph_history.entities_at(org_id, ids, since)
        after = uow.graph_history.entities_at(org_id, ids, until)
        found += _differing([(before.get(one), after.get(one)) for one in ids])
        return Place(until, ids[-1] if len(ids) == most else None)
    triples = uow.graph_history.changed_relationships(org_id, since, until, place.relationship, most)
    was = uow.graph_history.triples_at(org_id, triples, since)
    now = uow.graph_history.triples_at(org_id, triples, until)
    found += _differing([(was.get(one), now.get(one)) for one in triples])
    return Place(until, None, triples[-1]) if len(triples) == most else None


def _differing(pairs: Sequence[tuple[Any, Any]]) -> list[Difference]:
    return [
        Difference(before, after)
        for before, after in pairs
        if (before is None) != (after is None) or (before is not None and before.since != after.since)
    ]


def _is_id(value: Any) -> bool:
    return type(value) is int and -1 <= value < 1 << 63


def _no_cursor() -> UsageFailure:
    return UsageFailure("the cursor is not one that a comparison gave", code="invalid_cursor")
