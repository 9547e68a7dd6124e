"""Keeping a sync that is not applied, in the transaction that would have applied it, until somebody decides."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from levada_runtime.foundation.ids import new_uuid
from levada_runtime.graph.diff import Changes
from levada_runtime.graph.guard import Held
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.operations import Sync
from levada_runtime.graph.parts import PART_ROWS, RELATIONSHIPS, pack, spell_entity, spell_relationship
from levada_runtime.store.graph_held_model import HeldRow
from levada_runtime.store.unit_of_work import UnitOfWork

PREFIX: Final = "held/"
"""What the names of all held batches begin with."""


def batch_name(held_id: str) -> str:
    """Return under which name the parts of a held sync are kept."""
    return f"{PREFIX}{held_id}"


def hold(uow: UnitOfWork, org_id: int, operation: Sync, held: Held, at: datetime) -> Held:
    """Keep a sync, and return under which id; what was held of its source before is superseded."""
    kept = _enter(uow, org_id, held, operation.sync_id, operation.run_id, at)
    batch = operation.batch
    entities = _parts(map(spell_entity, batch.entities.values()))
    relationships = _parts(map(spell_relationship, batch.relationships.values()))
    for first, parts in ((0, entities), (RELATIONSHIPS, relationships)):
        for ordinal, part in enumerate(parts, first):
            uow.graph_parts.keep(org_id, batch_name(str(kept.id)), ordinal, part, at)
    return kept


def hold_staged(uow: UnitOfWork, org_id: int, staged: str, run_id: str, held: Held, at: datetime) -> Held:
    """Keep a snapshot whose parts are there under the name `staged`, and return under which id."""
    kept = _enter(uow, org_id, held, run_id, run_id, at)
    uow.graph_parts.rename(org_id, staged, batch_name(str(kept.id)))
    return kept


def held_back(held: Held) -> Changes:
    """Return what a sync that is held changes: nothing."""
    return Changes(counts=SyncCounts(held=1), held=held)


def supersede(uow: UnitOfWork, org_id: int, source: str, at: datetime) -> None:
    """Give up what is held of a source, since the source has spoken again."""
    for held_id in uow.graph_held.standing(org_id, source):
        uow.graph_held.decide(org_id, held_id, "superseded", at)
        uow.graph_parts.drop(org_id, batch_name(held_id))


def _enter(uow: UnitOfWork, org_id: int, held: Held, sync_id: str | None, run_id: str | None, at: datetime) -> Held:
    supersede(uow, org_id, held.source, at)
    kept, told = replace(held, id=new_uuid()), [one.view() for one in held.reasons]
    would = {"would": held.would.done()}
    uow.graph_held.add(HeldRow(org_id, str(kept.id), held.source, sync_id, run_id, "held", would, told, at))
    return kept


def _parts(rows: Iterable[bytes]) -> Iterable[bytes]:
    left = iter(rows)
    while some := list(islice(left, PART_ROWS)):
        yield pack(some)
