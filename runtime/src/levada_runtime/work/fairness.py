"""Whose turn it is: the urgent before the patient, and among equals the organisation that has the least in flight.

Values in, values out. The classes are the priorities of the rows: webhooks, then events and deliveries, then polls,
then backfills, which never take the last worker from all the others. What has been due for a minute is as urgent as a
webhook, so a flood of those delays the rest and starves nobody.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from levada_runtime.store.work_model import DueWork, WorkInFlight

PATIENT = "backfill"


@dataclass(frozen=True, slots=True)
class Room:
    """How many pieces may be taken, how many of them backfills, and how many one organisation may have in flight."""

    total: int
    patient: int
    per_org: int | None = None


def room_for(total: int, workers: int, flying: Iterable[WorkInFlight], owner: str, per_org: int | None) -> Room:
    """Return what `owner` may take with `workers` workers: one of them is never a backfill's, unless it is alone."""
    under_way = sum(one.count for one in flying if one.kind == PATIENT and one.owner == owner)
    return Room(total, max(0, max(1, workers - 1) - under_way), per_org)


def chosen(due: Iterable[DueWork], flying: Iterable[WorkInFlight], room: Room) -> list[int]:
    """Return the ids of the work to take, in the order in which it is handed out."""
    busy: Counter[int] = Counter()
    for one in flying:
        busy[one.org_id] += one.count
    left, patient, taken = list(due), room.patient, list[int]()
    while left and len(taken) < room.total:
        allowed = [one for one in left if _may(one, busy, room.per_org, patient)]
        if not allowed:
            break
        turn = min(allowed, key=lambda one: (one.priority, busy[one.org_id], one.id))
        taken.append(turn.id)
        busy[turn.org_id] += 1
        patient -= turn.kind == PATIENT
        left = [one for one in allowed if one.id != turn.id]
    return taken


def _may(one: DueWork, busy: Counter[int], per_org: int | None, patient: int) -> bool:
    return (per_org is None or busy[one.org_id] < per_org) and (one.kind != PATIENT or patient > 0)
