"""What a record costs in graphs of several sizes, and how long a look at one entity takes.

Of each size the cost is measured in a process of its own: one that has handled large syncs is dearer by itself, in a
small graph just as in a large one.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.graph import inventory
from benchmarks.graph.tip import FIRST, LOOKS, ORG, REPEATS, SAME, SCATTERED, STEP, opened, sync
from benchmarks.peers.environment import inherited
from benchmarks.peers.installed import RUNTIME
from levada_runtime.access.keys import Keys
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.service import Graph
from levada_runtime.store.model import OrgRow

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FLAT = 0.20
READ_MS = 10.0
_SETTLING_S = 6
_ROOT = Path(__file__).parents[2]
Costs = dict[str, list[tuple[float, float]]]
"""By phase, of each size: µs of a record, and our processor's"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a process of its own told of a graph of one size."""

    entities: int
    costs: dict[str, tuple[float, float]]
    looks: dict[str, tuple[float, float, float]]
    """By way: milliseconds, p50 and p99, and our processor's p99"""


def growing(name: str, url: str, rest: Callable[[], None], most: int) -> None:
    """Print what a record costs, and a look at one entity, in graphs of several sizes."""
    print(
        f"{name}, {STEP:,} entities and their relationships more, least of {REPEATS}: µs of a record (our processor's)"
    )
    phases: Costs = {FIRST: [], SAME: [], SCATTERED: []}
    there = 0
    for size in (one for one in SIZES if one <= most):
        _grow(url, there, size - STEP)
        time.sleep(_SETTLING_S)  # until autovacuum has seen what there is to do
        rest()
        told = _told(url, max(there, size - STEP))
        there = told.entities
        if len(phases[FIRST]) == 0:
            print(f"{'entities':>12}" + "".join(f"{phase:>20}" for phase in phases))
        for phase, cost in told.costs.items():
            phases[phase].append(cost)
        cells = (f"{wall:.1f} ({cpu:.1f})" for wall, cpu in told.costs.values())
        print(f"{there:12,}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
    for phase, costs in phases.items():
        _judge(phase, costs)
    print(f"  a look at one of {there:,}, {LOOKS:,} from all over the graph")
    for way, (p50, p99, worked) in {**told.looks, "GET /v1/graph/entity": _asked(url, there)}.items():
        print(f"  {way:20} p50 {p50:.2f} ms, p99 {p99:.2f} ms ({worked:.2f})  {'met' if p99 < READ_MS else 'MISSED'}")


def _judge(phase: str, costs: list[tuple[float, float]]) -> None:
    """Say how far the costs stray from those of the smallest graph."""
    for what, how in enumerate(("", ", our processor's")):
        worst = max(cost[what] for cost in costs) / costs[0][what] - 1 if costs else 0.0
        print(f"  {phase}{how}: worst against the smallest {worst:+.0%} ({'met' if worst <= FLAT else 'MISSED'})")


def _grow(url: str, there: int, size: int) -> None:
    store = opened(url)
    if not there:
        with store.write() as uow:
            uow.orgs.add(OrgRow(ORG, "default", SystemClock().now()))
    graph = Graph(store, SystemClock())
    while there < size:
        many = min(10 * STEP, size - there)
        sync(graph, f"bulk:{there}", inventory.part(range(there, there + many)))
        there += many
    store.close()


def _told(url: str, there: int) -> Told:
    words = [sys.executable, "-c", "from benchmarks.graph.tip import main; main()", url, str(there)]
    done = subprocess.run(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Told(**json.loads(done.stdout))


def _asked(url: str, size: int) -> tuple[float, float, float]:
    """Ask a daemon over one connection of HTTP; returns milliseconds, p50 and p99, and its processor's of each."""
    store = opened(url)
    with store.read() as uow:
        _, key = Keys(store, SystemClock()).issue(uow.orgs.get(ORG), "bench", ["entities:read"])
    store.close()
    with tempfile.TemporaryDirectory(prefix="levada-graph-") as folder:
        environment = {**inherited(), "NO_COLOR": "1", "LEVADA_DATA_DIR": folder, "LEVADA_DATABASE_URL": url}
        words = [*RUNTIME, "serve", "--port", "0", "--workers", "1"]
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(words, env=environment, text=True, **quiet) as daemon:
            try:
                assert daemon.stdout is not None
                line = next(line for line in daemon.stdout if line.startswith("API"))
                time.sleep(_SETTLING_S)
                return _answers(urlsplit(line.split()[1]).netloc, key, size, daemon.pid)
            finally:
                daemon.terminate()


def _answers(place: str, key: str, size: int, daemon: int) -> tuple[float, float, float]:
    connection, took = HTTPConnection(place, timeout=60), []
    began = _worked_ms(daemon)
    for number in range(LOOKS):
        at = number * 7919 % size
        asked = urlencode({"kind": inventory.kind(at), "key": inventory.key(at)})
        start = time.perf_counter()
        connection.request("GET", f"/v1/graph/entity?{asked}", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        took.append((time.perf_counter() - start) * 1000)
        assert answer.status == 200, body
        assert body["data"]["external_id"] == inventory.key(at), body
    took.sort()
    return took[LOOKS // 2], took[int(LOOKS * 0.99)], (_worked_ms(daemon) - began) / LOOKS


def _worked_ms(pid: int) -> float:
    """Return what a process has used of the processor."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 10.0
