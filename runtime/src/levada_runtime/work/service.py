"""Claiming, renewing and recovering work. A claim is a token `(work_id, fence)`: a stale one can complete nothing."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import WorkRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.store.work_model import DueWork
from levada_runtime.work.fairness import chosen, room_for
from levada_runtime.work.owners import is_dead, this_process
from levada_runtime.work.versions import CODE_VERSION, UNDERSTOOD

Token = tuple[int, int]
"""(work_id, fence)"""

AT_ONCE = datetime.fromtimestamp(0, UTC)
"""Before any moment: what may be begun without a pause is due also after the clock was put back."""
PRIORITIES = {"webhook": 10, "pipeline": 20, "deliver": 30, "poll": 50, "backfill": 90}


class StaleClaimError(Exception):
    """This claim no longer counts: somebody else holds the work, or it was cancelled."""


class WorkQueue:
    """The work of this installation, as one process sees it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lease: timedelta,
        per_org: int | None = None,
        versions: Sequence[str] = UNDERSTOOD,
    ) -> None:
        """With `per_org`, no organisation has more than that many pieces of work in flight by `claim_due`.

        Nothing is claimed that is of none of these `versions`; nor is what stands behind it in its line.
        """
        self._store = store
        self._clock = clock
        self._per_org = per_org
        self.versions = tuple(versions)
        self.lease = lease
        self.owner = this_process()

    def claim_due(self, limit: int, workers: int | None = None) -> list[Token]:
        """Take up to `limit` pieces of work that are due, for one who has `workers` workers, busy ones among them."""
        if limit <= 0:
            return []
        now, workers = self._clock.now(), limit if workers is None else workers
        with self._store.read() as uow:
            due = uow.work.due(now, limit, self.versions)
            if not self._chosen(uow, due, limit, workers):
                return []
        with self._store.write() as uow:
            if self._per_org is not None:
                uow.lock("work in flight")
            taken = uow.work.take(self._chosen(uow, due, limit, workers), now, self.versions)
            claimed = [uow.work.claim(row, self.owner, now + self.lease) for row in taken]
        return [(row.id, row.fence) for row in claimed]

    def _chosen(self, uow: UnitOfWork, due: Sequence[DueWork], limit: int, workers: int) -> list[int]:
        if not due:
            return []
        flying = uow.work.in_flight()
        return chosen(due, flying, room_for(limit, workers, flying, self.owner, self._per_org))

    def claim_next(self, org_id: int, connection_id: int, key: str) -> Token | None:
        """Take the oldest work of one key, due or not, unless another living process holds or has reserved it."""
        now = self._clock.now()
        with self._store.write() as uow:
            self._recover(uow, uow.work.hold_line(org_id, connection_id, key), now)
            head = uow.work.head(org_id, connection_id, key)
            if head is None or head.state != "queued" or head.code_version not in self.versions:
                return None
            if head.reserved_for not in (None, self.owner):
                return None
            row = uow.work.claim(head, self.owner, now + self.lease)
        return row.id, row.fence

    def claim_following(self, row: WorkRow) -> Token | None:
        """Take what is next in the line of a row that this process has done, if it is due and free."""
        now, line = self._clock.now(), (row.org_id, row.connection_id, row.key)
        with self._store.write() as uow:
            first = uow.work.first_of(*line)
            taken = uow.work.take([first], now, self.versions) if first is not None else []
            claimed = [uow.work.claim(one, self.owner, now + self.lease) for one in taken]
        return (claimed[0].id, claimed[0].fence) if claimed else None

    def renew(self, tokens: Sequence[Token]) -> None:
        """Lengthen the leases of work that is still being done."""
        if tokens:
            with self._store.write() as uow:
                uow.work.renew(list(tokens), self._clock.now() + self.lease)

    def recover(self, in_flight: Collection[Token] = ()) -> int:
        """Free what dead owners held and what leases have run out on; returns how many.

        What is known to be `in_flight` here is not lost, whatever a clock that was put forward says of its lease.
        """
        now = self._clock.now()
        with self._store.read() as uow:
            held = [row for row in uow.work.unfinished() if (row.id, row.fence) not in in_flight]
        lost = [row.id for row in held if _is_lost(row, now)]
        if not lost:
            return 0
        with self._store.write() as uow:
            return self._recover(uow, uow.work.unlocked(lost), now)

    def free(self, token: Token, *, counts: bool = True) -> None:
        """Free a claim whose worker is known to be dead; unless that counts, as if it had not been tried."""
        with self._store.write() as uow:
            if uow.work.holds(*token):
                row = uow.work.get(token[0])
                if row is not None:
                    attempt = row.attempt if counts else row.attempt - 1
                    uow.work.release(row, not_before=AT_ONCE, attempt=attempt)

    def let_go(self) -> int:
        """Free all that this process still holds, because it ends; returns how many pieces those were."""
        with self._store.write() as uow:
            held = [row for row in uow.work.unfinished() if row.owner == self.owner]
            for row in uow.work.unlocked([row.id for row in held]):
                if row.owner == self.owner:
                    uow.work.release(row, not_before=AT_ONCE, attempt=row.attempt - 1)
        return len(held)

    def waiting(self) -> dict[str, timedelta]:
        """Return for how long the oldest work that is due, and not taken, has been due: by kind."""
        now = self._clock.now()
        with self._store.read() as uow:
            return {one.kind: now - one.oldest_at for one in uow.work.waiting(now, self.versions)}

    def foreign(self) -> dict[str, int]:
        """Return how much waits for a daemon of another version, by the version that entered it."""
        with self._store.read() as uow:
            return uow.work.foreign(self.versions)

    @staticmethod
    def _recover(uow: UnitOfWork, rows: Sequence[WorkRow], now: datetime) -> int:
        lost = [row for row in rows if _is_lost(row, now)]
        for row in lost:
            uow.work.release(row, not_before=AT_ONCE, attempt=_attempts_after(row))
        return len(lost)


def new_work(
    *,
    org_id: int,
    connection_id: int,
    kind: str,
    key: str,
    payload: dict[str, object],
    now: datetime,
    max_attempts: int,
    reserved_for: str | None = None,
) -> WorkRow:
    """Return a row of work that is due now."""
    return WorkRow(
        org_id=org_id,
        connection_id=connection_id,
        id=row_id(),
        kind=kind,
        key=key,
        state="queued",
        fence=0,
        attempt=0,
        max_attempts=max_attempts,
        not_before=AT_ONCE,
        priority=PRIORITIES[kind],
        code_version=CODE_VERSION,
        payload=payload,
        queued_at=now,
        reserved_for=reserved_for,
    )


def _attempts_after(row: WorkRow) -> int:
    """Return the attempts that count once a holder is lost: a daemon's death says nothing about the work it held."""
    daemon_died = row.state == "running" and row.owner is not None and is_dead(row.owner)
    return row.attempt - 1 if daemon_died else row.attempt


def _is_lost(row: WorkRow, now: datetime) -> bool:
    if row.state == "queued":
        return row.reserved_for is not None and is_dead(row.reserved_for)
    return row.lease_until is None or row.lease_until < now or (row.owner is not None and is_dead(row.owner))
