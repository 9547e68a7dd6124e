"""`python -m benchmarks.peers.asked URL STREAM PID`: a run that the daemon PID is asked for, and what it took."""

import json
import sys
import time
from typing import Any

from benchmarks.peers.processes import cpu_s
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.views import FINISHED
from levada_runtime.store.engine import make_engine
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import Store

_EVERY_S = 0.01


def main() -> None:
    """Do it, as the API does when an operator asks."""
    url, stream, pid = sys.argv[1:]
    store = Store(make_engine(url))
    with store.read() as uow:
        org = next(iter(uow.orgs.all()))
        connection = uow.connections.referred(org.id, "bench")
    assert connection is not None
    began, used_s = time.perf_counter(), cpu_s(int(pid))
    run = RunQueue(store, SystemClock(), 1).by_hand(connection, stream)
    ended = _ended(store, run)
    seconds, used_s = time.perf_counter() - began, cpu_s(int(pid)) - used_s
    store.close()
    assert ended["state"] == "succeeded", ended
    print(json.dumps({"seconds": seconds, "cpu_s": used_s, "counts": ended["counts"]}))


def _ended(store: Store, run: RunRow) -> dict[str, Any]:
    while True:
        with store.look() as uow:
            found = uow.runs.get(run.org_id, run.id)
        if found is not None and found.state in FINISHED:
            return {"state": found.state, "counts": found.counts, "error": found.error}
        time.sleep(_EVERY_S)


if __name__ == "__main__":
    main()
