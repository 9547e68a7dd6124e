"""`python -m benchmarks.peers.alone ours|raw URL A|B|C`: pages straight into a store; making them is not timed."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from benchmarks.peers.raw import loader
from benchmarks.peers.stopwatch import Stopwatch
from benchmarks.workload import Row, as_drafts, pages
from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store

ORIGIN = Origin(
    org="default",
    org_id=1,
    connection="bench",
    connection_id=2,
    connection_uid="00000000-0000-4000-8000-000000000000",
    connector="bench",
    connector_version="1",
    stream="stream",
    run_id="run",
    attempt=1,
    mode="poll",
    scheduled_for=None,
)


def feed(store: Store, kind: str, served: Iterator[list[Row]]) -> tuple[float, float]:
    """Ingest and commit page after page; return seconds and processor seconds."""
    return feed_drafts(store, kind, (as_drafts(kind, page) for page in served))


def feed_drafts(store: Store, kind: str, served: Iterable[list[Draft]]) -> tuple[float, float]:
    """Ingest and commit page after page as a route hands them over; making them is not timed."""
    ingest, watch = Ingest(store, Registry(), ORIGIN), Stopwatch()
    for call, drafts in enumerate(served):
        with watch:
            ingest.emit(call, kind, kind, drafts, continue_on_error=True, last=True)
            with store.write() as uow:
                ingest.write(uow, datetime.now(UTC))
            ingest.clear()
    return watch.seconds, watch.cpu_s


def _ours(url: str, kind: str, served: Iterator[list[Row]]) -> tuple[float, float]:
    store = Store(make_engine(url))
    try:
        return feed(store, kind, served)
    finally:
        store.close()


def _raw(url: str, kind: str, served: Iterator[list[Row]]) -> tuple[float, float]:
    watch = Stopwatch()
    with loader(url) as load:
        for page in served:
            load(kind, page, watch)
    return watch.seconds, watch.cpu_s


SIDES: dict[str, Callable[[str, str, Iterator[list[Row]]], tuple[float, float]]] = {"ours": _ours, "raw": _raw}


def main() -> None:
    """Do it, and say what it took."""
    what, url, phase = sys.argv[1:]
    kind, records = os.environ["BENCH_KIND"], int(os.environ["BENCH_RECORDS"])
    seconds, cpu_s = SIDES[what](url, kind, pages(kind, records, changed=phase == "C"))
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
