"""Requests answered once: the same key and body is answered as the first time, whatever happened in between.

The answer is kept in the transaction of what it tells of. A request that a crash left half-done blocks its key for a
minute at most.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.store.idempotent_requests_model import IdempotentRequestRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

KEPT = timedelta(hours=24)
STALE = timedelta(seconds=60)


class KeyClashFailure(UsageFailure):
    """The key of a request stands for another one, or for one that is still being answered."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is sent."""

    status: int
    body: str
    replayed: bool = False


class Once:
    """Remembers the answers given under a key, for a day."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, org_id: int, key: str, path: str, body: bytes) -> IdempotentRequestRow | Answered:
        """Take the key for a request, or return the answer that it had.

        Raises KeyClashFailure while the first request is being answered, or when that one had another body.
        """
        now = self._clock.now()
        wanted = IdempotentRequestRow(org_id, key, path, hashlib.sha256(body).digest(), now)
        with self._store.write() as uow:
            uow.lock("idempotent_requests", org_id)
            uow.idempotent_requests.forget_before(org_id, now - KEPT)
            found = uow.idempotent_requests.get(org_id, key, path)
            answered = _answer_to(wanted, found) if found else None
            if answered is None:
                uow.idempotent_requests.begin(wanted)
        return answered or wanted

    def finish(self, uow: UnitOfWork, begun: IdempotentRequestRow, answered: Answered) -> None:
        """Keep the answer in the unit of work of what it tells of.

        Raises KeyClashFailure when this took so long that another request has the key now.
        """
        row = replace(begun, status=answered.status, answer=answered.body, finished_at=self._clock.now())
        if not uow.idempotent_requests.finish(row):
            raise _in_progress(begun)

    def abandon(self, begun: IdempotentRequestRow) -> None:
        """Let go of the key of a request that failed, so that it can be tried again at once."""
        with self._store.write() as uow:
            uow.lock("idempotent_requests", begun.org_id)
            found = uow.idempotent_requests.get(begun.org_id, begun.key, begun.path)
            if found == begun:
                uow.idempotent_requests.forget(begun.org_id, begun.key, begun.path)


def _answer_to(wanted: IdempotentRequestRow, found: IdempotentRequestRow) -> Answered | None:
    """Return what is to be answered to a request under a key that is known; None when it may take the key."""
    if found.status is None and wanted.started_at - found.started_at >= STALE:
        return None
    if found.body_hash != wanted.body_hash:
        raise KeyClashFailure(
            f"the Idempotency-Key {found.key!r} was sent with another body to {found.path}",
            code="idempotency_key_conflict",
            hint="send each request under a key of its own",
        )
    if found.status is None or found.answer is None:
        raise _in_progress(found)
    return Answered(found.status, found.answer, replayed=True)


def _in_progress(row: IdempotentRequestRow) -> KeyClashFailure:
    return KeyClashFailure(
        f"the first request with the Idempotency-Key {row.key!r} is still being answered",
        code="idempotency_key_in_progress",
        hint="send it again in a moment",
    )
