"""What it takes to put a document back to where a run found it. Values in, values out: no clock, no store.

History only grows: an earlier payload comes back as a new version, a document that the run created is retired, one that
it retired is revived.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec.structs import replace

from levada_runtime.ingest.decide import Decision
from levada_runtime.ingest.model import Arrival, Outcome, Retirement
from levada_runtime.ingest.page import Decided, Staged
from levada_runtime.store.history import RETIRED, Kept, Standing, Turn
from levada_runtime.store.model import EventRow, Known

Did = Literal["retired", "restored", "revived", "unchanged"]


class State(NamedTuple):
    """How a document stood: its version, and whether it was gone."""

    version: int
    retired: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """A document that a run changed: how the run found it (None: not there), and how it left it."""

    document_id: int
    before: State | None
    after: State


def touched(events: Iterable[EventRow], turns: Mapping[int, Sequence[Turn]]) -> list[Touched]:
    """Return what a run changed, out of its events and of when its documents were retired and revived."""
    found: dict[int, Touched] = {}
    for event in events:
        if event.document_id is None or event.version is None:
            continue
        after = State(event.version, event.source == RETIRED)
        earlier = found.get(event.document_id)
        before = earlier.before if earlier else _before(event, turns.get(event.document_id, ()))
        found[event.document_id] = Touched(event.document_id, before, after)
    return list(found.values())


def stands_as_left(one: Touched, known: Known) -> bool:
    """Tell whether nobody has changed a document since."""
    return State(known.version, known.retired) == one.after


def undo(one: Touched, standing: Standing, kept: Kept | None) -> tuple[Did, list[Decided]]:
    """Return what is done to a document, and the decisions that do it; `kept` is the version the run found."""
    known = standing.known
    if one.before is None or kept is None:
        return ("unchanged", []) if known.retired else ("retired", [_retire(standing, known)])
    steps: list[Decided] = []
    did: Did = "unchanged"
    if kept.payload_hash != known.payload_hash:
        steps.append(_bring_back(standing, kept))
        did, known = "restored", _current(known, kept)
    elif known.retired and not one.before.retired:
        steps.append(_revive(standing, kept))
        did, known = "revived", replace(known, retired=False)
    if one.before.retired and not known.retired:
        steps.append(_retire(standing, known))
        did = "retired" if did == "unchanged" else did
    return did, steps


def _before(event: EventRow, turns: Sequence[Turn]) -> State | None:
    if event.previous is None:
        return None
    earlier = [turn for turn in turns if turn.version == event.previous and turn.id < event.id]
    return State(event.previous, bool(earlier) and earlier[-1].retired)


def _bring_back(standing: Standing, kept: Kept) -> Decided:
    fresh = _current(standing.known, kept)
    decision = Decision(Outcome.UPDATED, fresh, new_version=fresh.version, moved=True)
    return Decided(Staged(_arrival(standing, kept), standing.document_id), standing.known, decision)


def _revive(standing: Standing, kept: Kept) -> Decided:
    decision = Decision(Outcome.UPDATED, replace(standing.known, retired=False), moved=True)
    return Decided(Staged(_arrival(standing, kept), standing.document_id), standing.known, decision)


def _retire(standing: Standing, known: Known) -> Decided:
    retirement = Retirement(0, standing.stream, standing.document_type, standing.idempotency_key, None)
    decision = Decision(Outcome.RETIRED, replace(known, retired=True), moved=True)
    return Decided(Staged(retirement, standing.document_id), known, decision)


def _arrival(standing: Standing, kept: Kept) -> Arrival:
    return Arrival(
        place=0,
        stream=standing.stream,
        document_type=standing.document_type,
        contract_version=kept.contract_version,
        idempotency_key=standing.idempotency_key,
        source_id=kept.source_id,
        source_time=kept.source_time,
        payload=kept.payload,
        payload_hash=kept.payload_hash,
    )


def _current(known: Known, kept: Kept) -> Known:
    version = known.versions + 1
    return Known(
        document_id=known.document_id,
        version=version,
        versions=version,
        payload_hash=kept.payload_hash,
        source_time=kept.source_time,
        retired=False,
    )
