"""The entity graph beside raw SQL that writes the same rows, and what a record costs as the graph grows.

A record is an entity or a relationship. A sync is timed from what its body was read into to its commit, as in a run.
"""

import argparse
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import sqlalchemy as sa

from benchmarks.graph import inventory, raw
from benchmarks.graph.growing import growing
from benchmarks.graph.tip import ORG, opened
from benchmarks.peers.model import UnavailableError
from benchmarks.peers.server import server
from benchmarks.peers.stopwatch import Stopwatch
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.border import read_sync
from levada_runtime.graph.service import Graph
from levada_runtime.store.unit_of_work import Store

STORES = ("SQLite", "PostgreSQL")
ENTITIES = 10_000
RECORDS = ENTITIES * (1 + inventory.EDGES_EACH)
REPEATS = 5
GOALS = {"first": (30_000, 90_000), "identical": (60_000, 160_000), "1 % changed": (50_000, 140_000)}
"""Records a second on SQLite: at the least, and wished for"""
BEHIND = 2.0
Figures = dict[str, tuple[float, float]]
"""By phase: seconds and processor seconds, the least of several"""


def measure(words: argparse.Namespace) -> None:
    """Print both, on each database."""
    paces = {}
    for name in words.stores or STORES:
        with _fresh(name) as place:
            if place is not None:
                paces[name] = _beside_raw(name, place[0])
    if len(paces) == len(STORES):
        for phase in GOALS:
            behind = paces["SQLite"][phase] / paces["PostgreSQL"][phase]
            print(f"  {phase:12} SQLite is {behind:.1f}x as fast as PostgreSQL ({_verdict(behind <= BEHIND)})")
    for name in words.stores or STORES:
        with _fresh(name) as place:
            if place is not None:
                growing(name, *place, words.most)


def _beside_raw(name: str, url: str) -> dict[str, float]:
    """Print our figures beside the limit's, and return our records a second."""
    store = opened(url)
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


def _empty(store: Store) -> None:
    tables = *raw.TABLES, "graph_sources", "entity_history", "relationship_history"
    with store.engine.begin() as connection:
        for table in tables:
            connection.execute(sa.text(f"DELETE FROM {table}"))
    os.sync()


@contextmanager
def _fresh(store: str) -> Iterator[tuple[str, Callable[[], None]] | None]:
    if store == "SQLite":
        with tempfile.TemporaryDirectory(prefix="levada-graph-") as folder:
            yield f"sqlite:///{Path(folder) / 'graph.db'}", os.sync
        return
    try:
        with server() as running:
            database = running.create("graph")
            yield database.url, running.rest
            running.drop(database)
    except UnavailableError as reason:
        print(f"{store}: {reason}")
        yield None


def _verdict(met: bool, at_the_least: bool = False) -> str:
    return "met" if met else "met at the least" if at_the_least else "MISSED"
