"""Setting which source goes before which: from then on for every change, and for what is there, a few at a time.

Whoever is killed half-way leaves the rest as it was; setting the same order again finishes it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.checks import storable
from levada_runtime.graph.commit import write
from levada_runtime.graph.diff import Changes, ClaimChange, EntityChange, noticed, rising
from levada_runtime.graph.glance import KIND_BYTES
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.graph_model import EntityRow
from levada_runtime.store.graph_priorities import PriorityRow
from levada_runtime.store.unit_of_work import Store

MOST_SOURCES: Final = 100
_AT_ONCE: Final = 500


class Priorities:
    """Sets the orders of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, vocabulary: Vocabulary) -> None:
        self._store = store
        self._clock = clock
        self._vocabulary = vocabulary

    def all(self, org_id: int) -> list[PriorityRow]:
        """Return the orders that were set."""
        with self._store.read() as uow:
            return uow.graph_priorities.of(org_id)

    def set(self, org_id: int, kind: str, sources: Sequence[str]) -> int:
        """Let these sources go before one another in this order, and before all others, for entities of a kind.

        Each is a source's name or a pattern of names, such as `connection:crm/*`. Returns how many entities show
        something else since. Raises UsageFailure for an order that is none.
        """
        _check(kind, sources)
        now = self._clock.now()
        with self._store.write() as uow:
            uow.lock("graph", org_id)
            uow.graph_priorities.put(PriorityRow(org_id, kind, list(sources), now))
            note(uow, org_id, now, "priority.set", kind, sources=len(sources))
        return self._reassess(org_id, kind)

    def clear(self, org_id: int, kind: str) -> int:
        """Forget the order of a kind, and return how many entities show something else since.

        Raises NotFoundFailure when there is none.
        """
        with self._store.write() as uow:
            uow.lock("graph", org_id)
            if not uow.graph_priorities.drop(org_id, kind):
                raise NotFoundFailure(
                    f"the kind {kind!r} has no order of sources", hint="`runtime graph priority list` shows them"
                )
            note(uow, org_id, self._clock.now(), "priority.clear", kind)
        return self._reassess(org_id, kind)

    def _reassess(self, org_id: int, kind: str) -> int:
        """Add up anew whatever several sources claim."""
        count, after = 0, 0
        while True:
            with self._store.write() as uow:
                uow.lock("graph", org_id)
                rows = uow.graph_priorities.contested(org_id, kind, after, _AT_ONCE)
                picture, now = Picture(org_id, self._vocabulary), self._clock.now()
                picture.show(uow, [(row.kind, row.external_id) for row in rows])
                changes = reassessed(picture, rows, now)
                write(uow, org_id, changes, now, None, None)
            count += len(changes.entities)
            if len(rows) < _AT_ONCE:
                return count
            after = rows[-1].id


def reassessed(picture: Picture, rows: Sequence[EntityRow], at: datetime) -> Changes:
    """Return what becomes of entities whose rows show something else than their claims add up to."""
    changes = Changes()
    for row in rows:
        state = picture.entities[row.kind, row.external_id]
        after = picture.view(state)
        if after is None:
            continue
        before = replace(after, class_=row.class_, display_name=row.display_name, traits=row.traits)
        happened = noticed(before, after)
        if happened is not None:
            now = state._replace(since=rising(at, state.since))
            claims = ClaimChange()
            changes.entities.append(EntityChange(now, state.stored, claims, before, after, happened, state.since))
    return changes


def _check(kind: str, sources: Sequence[str]) -> None:
    for what, text in (("the kind", kind), *(("a source", one) for one in sources)):
        if not text or not storable(text) or len(text.encode()) > KIND_BYTES:
            raise UsageFailure(f"{what} is 1 to {KIND_BYTES} bytes of text that can be kept, and not {text!r:.80}")
    if not sources or len(sources) > MOST_SOURCES:
        raise UsageFailure(f"an order has 1 to {MOST_SOURCES} sources, and not {len(sources)}")
    twice = next((one for at, one in enumerate(sources) if one in sources[:at]), None)
    if twice is not None:
        raise UsageFailure(f"{twice!r} stands in the order twice")
