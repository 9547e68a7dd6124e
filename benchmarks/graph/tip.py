"""One size of a growing graph, in a process of its own: `python -m benchmarks.graph.tip URL ENTITIES`, told as JSON."""

import gc
import json
import sys
import time
from collections.abc import Callable

import sqlalchemy as sa

from benchmarks.graph import inventory
from benchmarks.peers.stopwatch import Stopwatch
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.border import read_sync
from levada_runtime.graph.service import Graph
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

ORG = 1
STEP = 1_000
REPEATS = 7
FAR = 10 * STEP
"""In a graph of fewer nothing lies far apart."""
LOOKS = 2_000
FIRST, SAME, SCATTERED = "first", "identical", "first, scattered"


def opened(url: str) -> Store:
    """Return a store, made if it is not there."""
    engine = make_engine(url)
    upgrade(engine)
    return Store(engine)


def sync(graph: Graph, source: str, part: inventory.Row) -> None:
    """Take a part for all that a source says."""
    asked = read_sync({"connector_id": source, "sync_id": "1", **part})
    graph.sync(ORG, source, "1", asked.entities, asked.relationships)


def _costs(graph: Graph, there: int) -> tuple[int, dict[str, tuple[float, float]]]:
    """Add parts, and return how many entities there are then, and what a record took at the least, and of our time."""
    least: dict[str, tuple[float, float]] = {}
    for _ in range(REPEATS):
        near = inventory.part(range(there, there + STEP))
        _timed(least, FIRST, graph, f"near:{there}", near)
        _timed(least, SAME, graph, f"near:{there}", near)
        there += STEP
    for _ in range(REPEATS if there > FAR else 0):
        far = inventory.part(range(there, there + STEP), leading_to=there)
        _timed(least, SCATTERED, graph, f"far:{there}", far)
        there += STEP
    return there, least


def _timed(least: dict[str, tuple[float, float]], phase: str, graph: Graph, source: str, part: inventory.Row) -> None:
    gc.collect()
    watch = Stopwatch()
    with watch:
        sync(graph, source, part)
    each = 1e6 / (STEP * (1 + inventory.EDGES_EACH))
    wall, cpu = least.get(phase, (float("inf"), float("inf")))
    least[phase] = min(wall, watch.seconds * each), min(cpu, watch.cpu_s * each)


def _looks(look: Callable[[str, str], object], size: int) -> tuple[float, float, float]:
    """Look at entities from all over the graph, one by one; returns milliseconds: p50, p99, and our processor's p99."""
    took, worked = [], []
    for number in range(LOOKS):
        place = number * 7919 % size
        began, cpu = time.perf_counter(), time.thread_time()
        found = look(inventory.kind(place), inventory.key(place))
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.thread_time() - cpu) * 1000)
        assert found is not None, place
    took.sort()
    worked.sort()
    most = int(LOOKS * 0.99)
    return took[LOOKS // 2], took[most], worked[most]


def main() -> None:
    """Measure, and print what it came to."""
    url, there = sys.argv[1], int(sys.argv[2])
    store = opened(url)
    graph = Graph(store, SystemClock())
    there, costs = _costs(graph, there)
    with store.engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM entities WHERE org_id = :org AND deleted_at IS NULL")
        counted = connection.execute(query, {"org": ORG}).scalar_one()
    assert counted == there, (counted, there)
    looks = {
        "Graph.find": _looks(lambda kind, key: graph.find(ORG, kind, key), there),
        "Reads.entity": _looks(lambda kind, key: graph.reads.entity(ORG, (kind, key)), there),
    }
    store.close()
    print(json.dumps({"entities": there, "costs": costs, "looks": looks}))


if __name__ == "__main__":
    main()
