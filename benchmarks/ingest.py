"""Ingest alone (validate, hash, decide, stage, commit a page of 1,000) beside raw SQL that writes the same rows."""

import argparse
import gc
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from benchmarks.workload import BATCH, customers, drafts
from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

Figures = dict[str, tuple[float, float]]
"""(rows a second, CPU microseconds a row) of each pass"""

ORIGIN = Origin(
    org="default",
    org_id=1,
    connection="bench",
    connection_id=2,
    connection_uid="00000000-0000-4000-8000-000000000000",
    connector="bench",
    connector_version="1",
    stream="customers",
    run_id="run",
    attempt=1,
    mode="poll",
    scheduled_for=None,
)


def measure(words: argparse.Namespace) -> None:
    """Print first load (A), identical (B) and 10 % changed (C) for both, and the ratio of their CPU."""
    count = words.records
    first, changed = customers(count), customers(count, changed=0.1)
    passes = {"A first load": first, "B identical": first, "C 10 % changed": changed}
    with tempfile.TemporaryDirectory() as folder:
        ours = _ours(Path(folder), passes)
        raw = _raw(Path(folder), passes)
    print(f"ingest alone, {count} customers, SQLite WAL synchronous=FULL, pages of {BATCH}")
    print(f"{'':16}{'ours rows/s':>14}{'CPU µs':>8}{'raw rows/s':>14}{'CPU µs':>8}{'CPU ratio':>11}")
    for name in passes:
        (rate, cpu), (raw_rate, raw_cpu) = ours[name], raw[name]
        print(f"{name:16}{rate:14,.0f}{cpu:8.1f}{raw_rate:14,.0f}{raw_cpu:8.1f}{cpu / raw_cpu:10.1f}x")
    print(f"peak RSS of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def _ours(folder: Path, passes: dict[str, list[dict[str, Any]]]) -> Figures:
    engine = make_engine(f"sqlite:///{folder / 'ours.db'}")
    upgrade(engine)
    store, registry = Store(engine), Registry()

    def load(batches: list[list[Draft]]) -> None:
        ingest = Ingest(store, registry, ORIGIN)
        for call, batch in enumerate(batches):
            ingest.emit(call, "customers", "customer", batch, continue_on_error=True, last=True)
            with store.write() as uow:
                ingest.write(uow, datetime.now(UTC))
            ingest.clear()

    figures = {}
    for name, rows in passes.items():
        figures[name] = _timed(partial(load, list(drafts(rows))), len(rows))
    with store.read() as uow:
        stored = uow.documents.totals()["customer"]
    assert stored == len(passes["A first load"]), stored
    store.close()
    return figures


def _raw(folder: Path, passes: dict[str, list[dict[str, Any]]]) -> Figures:
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE document(key TEXT PRIMARY KEY, version INT, payload TEXT) WITHOUT ROWID")
    connection.execute("CREATE TABLE version(key TEXT, version INT, payload TEXT, PRIMARY KEY(key, version))")
    connection.execute("CREATE TABLE event(id INTEGER PRIMARY KEY, key TEXT, version INT)")

    def load(rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), BATCH):
            _raw_page(
                connection, [(row["customer_id"], orjson.dumps(row).decode()) for row in rows[start : start + BATCH]]
            )

    return {name: _timed(partial(load, rows), len(rows)) for name, rows in passes.items()}


def _raw_page(connection: sqlite3.Connection, page: list[tuple[str, str]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    keys = orjson.dumps([key for key, _ in page]).decode()
    query = "SELECT key, version, payload FROM document WHERE key IN (SELECT value FROM json_each(?))"
    known = {key: (version, payload) for key, version, payload in connection.execute(query, (keys,))}
    new = [(key, 1, payload) for key, payload in page if key not in known]
    moved = [(key, known[key][0] + 1, payload) for key, payload in page if key in known and known[key][1] != payload]
    connection.executemany("INSERT INTO document VALUES (?, ?, ?)", new)
    connection.executemany("UPDATE document SET version = ?2, payload = ?3 WHERE key = ?1", moved)
    connection.executemany("INSERT INTO version VALUES (?, ?, ?)", new + moved)
    connection.executemany("INSERT INTO event(key, version) VALUES (?, ?)", [row[:2] for row in new + moved])
    connection.execute("COMMIT")


def _timed(load: Callable[[], None], count: int) -> tuple[float, float]:
    gc.collect()
    gc.freeze()
    began, cpu = time.perf_counter(), time.process_time()
    load()
    return count / (time.perf_counter() - began), (time.process_time() - cpu) / count * 1e6
