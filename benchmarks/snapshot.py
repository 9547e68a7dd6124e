"""A snapshot of a million entities from end to end: a sandboxed connector streams it, a worker takes it over.

It is told what the worker and its child hold at most while the run goes on, which must not grow with the snapshot.
"""

import argparse
import json
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.peers.environment import inherited
from benchmarks.peers.installed import RUNTIME, say
from benchmarks.peers.model import UnavailableError
from benchmarks.peers.server import server
from levada_runtime.store.engine import make_engine

STORES = ("SQLite", "PostgreSQL")
ENTITIES = 1_000_000
MOST_MB = 250
CHANGED_EVERY = 100
PHASES = {"first": 0, "identical": 0, "1 % changed": 1}
"""And which version of every hundredth entity each hands over."""
_LOOK_S = 0.05
CONNECTOR = f'''
"""Hands over as many hosts as its setting says."""

from levada import Connector, integer

connector = Connector("inventory", settings=[integer("count"), integer("version")])


@connector.poll("hosts", every="@yearly")
def hosts(settings, graph, checkpoint):
    """Every host."""
    version = settings["version"]
    with graph.snapshot() as snapshot:
        for at in range(settings["count"]):
            properties = {{"region": "eu-central-1", "state": "running", "cpus": at % 64, "tags": ["a", "b"]}}
            properties["version"] = version if at % {CHANGED_EVERY} == 0 else 0
            snapshot.entity("host", f"host-{{at}}", properties, display_name=f"Host {{at}}")
    checkpoint.save(version=version)
'''


def measure(words: argparse.Namespace) -> None:
    """Print each phase on each database."""
    count = min(ENTITIES, words.most)
    for name in words.stores or STORES:
        with tempfile.TemporaryDirectory(prefix="levada-snapshot-") as folder:
            if name == "SQLite":
                _measured(name, Path(folder), None, count)
                continue
            try:
                with server() as running:
                    database = running.create("snapshot")
                    _measured(name, Path(folder), database.url, count)
                    running.drop(database)
            except UnavailableError as reason:
                print(f"{name}: {reason}")


def _measured(name: str, folder: Path, url: str | None, count: int) -> None:
    environment = _installed(folder, url)
    say(environment, "connections", "add", "inventory", "--set", f"count={count}", "--set", "version=0")
    print(f"{name}, {count:,} entities, `runtime run`")
    print(f"{'':14}{'seconds':>9}{'entities/s':>12}{'worker MB':>11}{'child MB':>10}")
    for phase, version in PHASES.items():
        say(environment, "connections", "set", "inventory", "--set", f"version={version}")
        began = time.perf_counter()
        held, told = _run(environment)
        seconds = time.perf_counter() - began
        _hold(phase, told, count)
        verdict = "met" if sum(held) <= MOST_MB else "MISSED"
        print(
            f"  {phase:12}{seconds:9.1f}{count / seconds:12,.0f}{held[0]:11.0f}{held[1]:10.0f}  {verdict}", flush=True
        )
    engine = make_engine(url or f"sqlite:///{folder / 'data' / 'levada.db'}")
    with engine.connect() as connection:
        query = "SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM entity_claims)"
        found = tuple(connection.execute(sa.text(query)).one())
    engine.dispose()
    assert found == (count, count), found


def _installed(folder: Path, url: str | None) -> dict[str, str]:
    package, about = folder / "site" / "inventory", folder / "site" / "inventory-1.0.dist-info"
    for one in (package, about):
        one.mkdir(parents=True)
    (package / "__init__.py").write_text(CONNECTOR)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: inventory\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[levada.connectors]\ninventory = inventory:connector\n")
    return {
        **inherited(),
        "PYTHONPATH": str(folder / "site"),
        "NO_COLOR": "1",
        "LEVADA_DATA_DIR": str(folder / "data"),
        "LEVADA_SANDBOX__POLL_CPU_S": "600",
        "LEVADA_SANDBOX__POLL_WALL_S": "3600",
        **({"LEVADA_DATABASE_URL": url} if url else {}),
    }


def _run(environment: dict[str, str]) -> tuple[tuple[float, float], dict[str, Any]]:
    """Run the stream; returns what the worker and its child held at most, and what it said."""
    words = [*RUNTIME, "run", "inventory", "hosts", "--json"]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    worker = child = 0.0
    while process.poll() is None:
        worker = max(worker, _resident_mb(process.pid))
        grandchildren = [one for zygote in _children(process.pid) for one in _children(zygote)]
        child = max(child, sum(map(_resident_mb, grandchildren)))
        time.sleep(_LOOK_S)
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(process.stdout.read())
    return (worker, child), said["result"]


def _hold(phase: str, told: dict[str, Any], count: int) -> None:
    graph = told["counts"]["graph"]
    changed = -(-count // CHANGED_EVERY)
    outcome = {"first": ("created", count), "identical": ("unchanged", count), "1 % changed": ("updated", changed)}
    name, due = outcome[phase]
    assert told["state"] == "succeeded", told
    assert graph[f"entities_{name}"] == due, graph


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(one)
            for thread in Path(f"/proc/{pid}/task").glob("*")
            for one in (thread / "children").read_text().split()
        ]
    return []


def _resident_mb(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    return 0.0
