"""The entity graph beside raw SQL that writes the same rows, and what a record costs as the graph grows.

A record is an entity or a relationship. A sync is timed from what its body was read into to its commit, as in a run.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import sqlalchemy as sa

from benchmarks.graph import inventory, raw
from benchmarks.peers.model import UnavailableError
from benchmarks.peers.server import server
from benchmarks.peers.stopwatch import Stopwatch
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.border import read_sync
from levada_runtime.graph.service import Graph
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

STORES = ("SQLite", "PostgreSQL")
ENTITIES = 10_000
RECORDS = ENTITIES * (1 + inventory.EDGES_EACH)
REPEATS = 5
ORG = 1
GOALS = {"first": (30_000, 90_000), "identical": (60_000, 160_000), "1 % changed": (50_000, 140_000)}
"""Records a second on SQLite: at the least, and wished for"""
BEHIND = 2.0
SIZES = (1_000, 10_000, 100_000, 1_000_000)
STEP = 1_000
PHASES = "first", "identical"
FLAT = 0.20
READS = 2_000
READ_MS = 10.0
Figures = dict[str, tuple[float, float]]
"""By phase: seconds and processor seconds, the least of several"""


def measure(words: argparse.Namespace) -> None:
    """Print both, on each database."""
    paces = {}
    for name in words.stores or STORES:
        with _fresh(name) as url:
            if url is not None:
                paces[name] = _beside_raw(name, url)
    if len(paces) == len(STORES):
        for phase in GOALS:
            behind = paces["SQLite"][phase] / paces["PostgreSQL"][phase]
            print(f"  {phase:12} SQLite is {behind:.1f}x as fast as PostgreSQL ({_verdict(behind <= BEHIND)})")
    for name in words.stores or STORES:
        with _fresh(name) as url:
            if url is not None:
                _growing(name, url, [size for size in SIZES if size <= words.most])


def _beside_raw(name: str, url: str) -> dict[str, float]:
    """Print our figures beside the limit's, and return our records a second."""
    store = _store(url)
    read = {one: read_sync(orjson.loads(orjson.dumps(body))) for one, body in _bodies().items()}
    graph = Graph(store, SystemClock())
    ours: Figures = {}
    limit: Figures = {}
    ready = {one: raw.ready(body) for one, body in _bodies().items()}
    for _ in range(REPEATS):
        _empty(store)
        for phase, asked in read.items():
            _least(ours, phase, lambda asked=asked: graph.sync(ORG, "bench", "1", asked.entities, asked.relationships))
        _count(store, ORG)
        _least(limit, "first", lambda: raw.load(store, ready["first"]))
        _least(limit, "identical", lambda: raw.compare(store, ready["identical"]))
        _least(limit, "1 % changed", lambda: raw.compare(store, ready["1 % changed"]))
        _count(store, raw.ORG)
    store.close()
    print(f"{name}, {ENTITIES:,} entities + {RECORDS - ENTITIES:,} relationships, least of {REPEATS}")
    print(f"{'':14}{'records/s':>11}{'CPU µs':>8}{'raw rec./s':>12}{'CPU µs':>8}{'ratio':>7}{'of CPU':>8}")
    for phase, (seconds, cpu_s) in ours.items():
        raw_s, raw_cpu_s = limit[phase]
        cells = f"{RECORDS / seconds:11,.0f}{cpu_s / RECORDS * 1e6:8.1f}"
        cells += (
            f"{RECORDS / raw_s:12,.0f}{raw_cpu_s / RECORDS * 1e6:8.1f}{seconds / raw_s:6.1f}x{cpu_s / raw_cpu_s:7.1f}x"
        )
        least, wished = GOALS[phase]
        pace = RECORDS / seconds
        told = f"  {_verdict(pace >= wished, pace >= least)}" if name == "SQLite" else ""
        print(f"  {phase:12}{cells}{told}", flush=True)
    return {phase: RECORDS / seconds for phase, (seconds, _) in ours.items()}


def _bodies() -> dict[str, inventory.Row]:
    first, changed = inventory.body(ENTITIES), inventory.body(ENTITIES, changed=True)
    return {"first": first, "identical": first, "1 % changed": changed}


def _growing(name: str, url: str, sizes: list[int]) -> None:
    """Print what a record costs, and a look at one entity, in graphs of several sizes."""
    store = _store(url)
    graph = Graph(store, SystemClock())
    print(
        f"{name}, {STEP:,} entities and their relationships more: µs of a record (our processor's), and a look at one"
    )
    print(f"{'entities':>12}{'first':>16}{'identical':>16}{'look p50 ms':>13}{'p99':>16}")
    there, costs = 0, []
    for size in sizes:
        while there < size - STEP:
            many = min(10 * STEP, size - STEP - there)
            _sync(graph, f"bulk:{there}", inventory.part(range(there, there + many)))
            there += many
        figures: Figures = {}
        for _ in range(REPEATS):
            part = inventory.part(range(there, there + STEP))
            for phase in ("first", "identical"):
                _least(figures, phase, lambda part=part, of=there: _sync(graph, f"tip:{of}", part))
            there += STEP
            assert _entities(store, ORG) == there, (_entities(store, ORG), there)
        cells = [tuple(one / (STEP * (1 + inventory.EDGES_EACH)) * 1e6 for one in figures[phase]) for phase in PHASES]
        costs.append(cells)
        p50, p99, cpu_p99 = _looks(graph, there)
        told = "".join(f"{f'{wall:.1f} ({cpu:.1f})':>16}" for wall, cpu in cells)
        print(f"{there:12,}{told}{p50:13.2f}{f'{p99:.2f} ({cpu_p99:.2f})':>16}  {_verdict(p99 < READ_MS)}", flush=True)
    store.close()
    for place, phase in enumerate(PHASES):
        for what, how in enumerate(("", " of the processor")):
            worst = max(cells[place][what] for cells in costs) / costs[0][place][what] - 1
            print(f"  {phase}{how}: worst against the smallest graph {worst:+.0%} ({_verdict(worst <= FLAT)})")


def _looks(graph: Graph, size: int) -> tuple[float, float, float]:
    """Look at entities from all over the graph, one by one; returns milliseconds: p50, p99, and our processor's p99."""
    took, worked = [], []
    for number in range(READS):
        place = number * 7919 % size
        began, cpu = time.perf_counter(), time.thread_time()
        found = graph.find(ORG, inventory.kind(place), inventory.key(place))
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.thread_time() - cpu) * 1000)
        assert found is not None, place
    took.sort()
    worked.sort()
    most = int(len(took) * 0.99)
    return took[len(took) // 2], took[most], worked[most]


def _sync(graph: Graph, source: str, part: inventory.Row) -> None:
    asked = read_sync({"connector_id": source, "sync_id": "1", **part})
    graph.sync(ORG, source, "1", asked.entities, asked.relationships)


def _least(figures: Figures, phase: str, act: Callable[[], object]) -> None:
    gc.collect()
    watch = Stopwatch()
    with watch:
        act()
    seconds, cpu_s = figures.get(phase, (float("inf"), float("inf")))
    figures[phase] = min(seconds, watch.seconds), min(cpu_s, watch.cpu_s)


def _count(store: Store, org_id: int) -> None:
    """Hold what was written against what there should be."""
    counted = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {})"
    tables = "entities", "relationships", "relationship_claims"
    query = counted.format(*(f"{table} WHERE org_id = {org_id:d}" for table in tables))
    with store.engine.connect() as connection:
        found = tuple(connection.execute(sa.text(query)).one())
        changed = "SELECT count(*) FROM entity_claims WHERE org_id = :org AND traits LIKE '%stopped%'"
        stopped = connection.execute(sa.text(changed), {"org": org_id}).scalar_one()
    edges = RECORDS - ENTITIES
    assert found == (ENTITIES, edges, edges), found
    assert stopped == ENTITIES // inventory.CHANGED_EVERY, stopped


def _entities(store: Store, org_id: int) -> int:
    with store.engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM entities WHERE org_id = :org AND deleted_at IS NULL")
        return int(connection.execute(query, {"org": org_id}).scalar_one())


def _empty(store: Store) -> None:
    tables = *raw.TABLES, "graph_sources", "entity_history", "relationship_history"
    with store.engine.begin() as connection:
        for table in tables:
            connection.execute(sa.text(f"DELETE FROM {table}"))
    os.sync()


def _store(url: str) -> Store:
    engine = make_engine(url)
    upgrade(engine)
    return Store(engine)


@contextmanager
def _fresh(store: str) -> Iterator[str | None]:
    if store == "SQLite":
        with tempfile.TemporaryDirectory(prefix="levada-graph-") as folder:
            yield f"sqlite:///{Path(folder) / 'graph.db'}"
        return
    try:
        with server() as running:
            database = running.create("graph")
            yield database.url
            running.drop(database)
    except UnavailableError as reason:
        print(f"{store}: {reason}")
        yield None


def _verdict(met: bool, at_the_least: bool = False) -> str:
    return "met" if met else "met at the least" if at_the_least else "MISSED"
