"""Carrying what little a run in the foreground leaves to be projected: it is in the graph when the command ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.outbox import KEY, ONLY, PROJECT
from levada_runtime.work.service import WorkQueue

if TYPE_CHECKING:
    from levada_runtime.pipeline.reactor import Reactor

FEW: Final = 4
"""Pieces of work, of some hundred documents each: more than these are left to the daemon."""


class Carrying:
    """Carries the events of one connection at a time."""

    def __init__(self, store: Store, work: WorkQueue, reactor: "Callable[[], Reactor]") -> None:
        """Take the floors below, and what makes a reactor: most runs leave nothing for one to do."""
        self._store = store
        self._work = work
        self._reactor = reactor

    def carry(self, org_id: int, connection_id: int) -> None:
        """Project what waits for nothing else, unless it is much, or a daemon is at it."""
        with self._store.read() as uow:
            waiting = uow.work.unfinished_of(org_id, connection_id, KEY)
        if len(waiting) > FEW or any(row.payload.get(ONLY) != PROJECT for row in waiting):
            return
        for _ in waiting:
            token = self._work.claim_next(org_id, connection_id, KEY)
            if token is None:
                return
            self._reactor().execute(token)
