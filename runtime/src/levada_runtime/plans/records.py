"""The documents of a plan handed in anew: each is validated again, and comes to what was planned or is refused."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson

from levada import Draft
from levada_runtime.ingest.decide import Decision
from levada_runtime.ingest.model import Rejected
from levada_runtime.ingest.page import Key
from levada_runtime.ingest.service import Ingest
from levada_runtime.plans.border import PlannedDocument
from levada_runtime.store.columns import to_micros
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork

Refused = dict[str, Any]
"""What is refused of a plan, by its name, with why."""


def completed(uow: UnitOfWork, scope: Scope, documents: Iterable[PlannedDocument]) -> list[PlannedDocument]:
    """Return the records that do anything; one that only confirms its document gets the payload to do it with.

    A plan does not carry what is in the store already. Of a document that has moved since, and to which nothing else
    is done, there is nothing to confirm.
    """
    doing = [one for one in documents if one.does_anything]
    current = _current(uow, scope, [one for one in doing if one.confirms])
    changed = {_key(one) for one in doing if not one.confirms}
    payloads: dict[Key, dict[str, Any] | None] = {key: payload for key, (_, payload) in current.items()}
    found = []
    for one in doing:
        key = _key(one)
        if not one.confirms:
            payloads[key] = payloads.get(key) if one.superseded or one.payload is None else one.payload
            found.append(one)
        elif key in changed or current[key][0] == (one.base_version, one.base_retired):
            payload = None if one.base_retired else payloads[key]
            found.append(one.model_copy(update={"payload": payload}))
    return found


def hand_in(ingest: Ingest, documents: Sequence[PlannedDocument]) -> dict[Key, Refused]:
    """Stage these records, and return those that do not come to what was planned, the first of each document."""
    refused: dict[Key, Refused] = {_key(one): _masked(one) for one in documents if one.masked}
    met: set[Key] = set()
    for number, (_, group) in enumerate(groupby(documents, _called_together)):
        records = list(group)
        start = len(ingest.page.decided)
        for rejected in _handed(ingest, number, records):
            one = records[rejected.index]
            refused.setdefault(_key(one), _invalid(one, rejected))
        for decided in ingest.page.decided[start:]:
            one = records[decided.staged.entry.place]
            if not _as_planned(one, decided.before, decided.decision, first=_key(one) not in met):
                refused.setdefault(_key(one), _moved(one, decided.before))
            met.add(_key(one))
    return refused


def without(documents: Iterable[PlannedDocument], refused: Iterable[Key]) -> list[PlannedDocument]:
    """Return the records of documents of which none is refused."""
    left_out = set(refused)
    return [one for one in documents if _key(one) not in left_out]


def _handed(ingest: Ingest, number: int, records: list[PlannedDocument]) -> Iterator[Rejected]:
    """Hand records in that a route would hand in by one call, and yield those that are not valid."""
    first = records[0]
    if first.payload is None:
        moment = None if first.source_time is None else to_micros(first.source_time)
        ingest.retire(first.stream, first.document_type, first.idempotency_key, moment)
        return
    drafts = [_draft(one) for one in records]
    answer = ingest.emit(number, first.stream, first.document_type, drafts, continue_on_error=True, last=True)
    if answer is not None:
        yield from answer.rejected


def _current(
    uow: UnitOfWork, scope: Scope, documents: Iterable[PlannedDocument]
) -> dict[Key, tuple[tuple[int | None, bool], dict[str, Any] | None]]:
    """Return how the documents of these records stand, and with which payload."""
    keys: dict[str, set[str]] = {}
    for one in documents:
        keys.setdefault(one.document_type, set()).add(one.idempotency_key)
    known: dict[Key, Known | None] = {}
    for document_type, of_type in keys.items():
        found = uow.documents.known(scope, document_type, of_type)
        known.update({(document_type, key): found.get(key) for key in of_type})
    places = {key: (one.document_id, one.version) for key, one in known.items() if one is not None}
    kept = uow.history.versions(scope, places.values())
    return {
        key: (_standing(one), orjson.loads(kept[places[key]].payload) if one is not None else None)
        for key, one in known.items()
    }


def _called_together(one: PlannedDocument) -> tuple[Any, ...]:
    """Return what the records of one call have in common; a retirement is a call of its own."""
    return one.stream, one.document_type, None if one.payload is not None else id(one)


def _draft(one: PlannedDocument) -> Draft:
    return Draft(
        payload=orjson.dumps(one.payload),
        idempotency_key=one.idempotency_key,
        source_id=one.source_id,
        source_time=one.source_time,
        failure=None,
        source_id_fixed=one.rekeyed_from is None,  # whether its key is a new one was decided when it was observed
    )


def _as_planned(one: PlannedDocument, before: Known | None, decision: Decision, *, first: bool) -> bool:
    """Tell whether a record comes to what was planned; against what is only asked of a document's first."""
    same = decision.outcome == one.outcome and decision.superseded == one.superseded
    return same and not (first and _standing(before) != (one.base_version, one.base_retired))


def _standing(known: Known | None) -> tuple[int | None, bool]:
    return (None, False) if known is None else (known.version, bool(known.retired))


def _key(one: PlannedDocument) -> Key:
    return one.document_type, one.idempotency_key


def _moved(one: PlannedDocument, before: Known | None) -> Refused:
    version, retired = _standing(before)
    planned, now = _spelled(one.base_version, retired=one.base_retired), _spelled(version, retired=retired)
    told = f"{planned} when the plan was made, {now} now"
    if planned == now:
        told = f"it would no longer be {one.outcome}"
    return {
        **_named(one),
        "reason": "moved",
        "message": told,
        "base": {"version": one.base_version, "retired": one.base_retired},
        "current": {"version": version, "retired": retired},
    }


def _invalid(one: PlannedDocument, rejected: Rejected) -> Refused:
    errors = [{"path": e.path, "code": e.code, "message": e.message} for e in rejected.errors]
    return {**_named(one), "reason": str(rejected.reason), "message": rejected.message, "errors": errors}


def _masked(one: PlannedDocument) -> Refused:
    return {
        **_named(one),
        "reason": "masked",
        "message": "it holds a secret, which a plan does not keep: run the stream instead",
    }


def _named(one: PlannedDocument) -> dict[str, Any]:
    return {"document_type": one.document_type, "idempotency_key": one.idempotency_key}


def _spelled(version: int | None, *, retired: bool) -> str:
    return "not there" if version is None else f"version {version}{', retired' if retired else ''}"
