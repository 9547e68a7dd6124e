"""The removal of a connection: its secrets are gone at once, its work ends, and its documents stay."""

from typing import Final

from levada_runtime.access.connections import Connections
from levada_runtime.runs.cancelling import Cancellations
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.unit_of_work import Store

KINDS: Final = ("poll", "webhook", "backfill")
"""The work that reads the source; what was read is carried on to pipelines and receivers."""
_AT_ONCE: Final = 100
_WHY: Final = "its connection was removed"


class Removals:
    """Removes connections."""

    def __init__(self, store: Store, connections: Connections, cancellations: Cancellations) -> None:
        self._store = store
        self._connections = connections
        self._cancellations = cancellations

    def remove(self, row: ConnectionRow) -> int:
        """Remove a connection, and return how many of its runs were ended by that.

        Those that wait end here, those under way at the next question of their child. Whoever is killed before the
        last of them leaves the rest to the workers, for whom a removed connection is the end of a run, too. Raises
        UsageFailure for the built-in one.
        """
        self._connections.remove(row)
        count, after = 0, 0
        while True:
            with self._store.read() as uow:
                ids = uow.work.of_connection(row.org_id, row.id, KINDS, after, _AT_ONCE)
            if not ids:
                return count
            count, after = count + self._end(ids), ids[-1]

    def _end(self, work_ids: list[int]) -> int:
        """End the runs of this work, but for what somebody is just taking."""
        count = 0
        with self._store.write() as uow:
            for work in uow.work.unlocked(work_ids):
                run = uow.runs.get(work.org_id, str(work.payload["run"]))
                if run is not None:
                    self._cancellations.end(uow, run, work, _WHY, told=False)
                    count += 1
        return count
