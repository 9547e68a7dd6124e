"""How long a run takes to start and end behind the wall, in a fresh child or a warm one, beside a cold interpreter."""

import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

from benchmarks.wall.calls import Taker, poll, spread, verdict, webhook
from levada_runtime.catalog.discovery import package_sources
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Bundle, Call, Outcome, RunInfo

GOAL_MS = 12
COLD = 10
EMITS = (
    "row = request.json\n"
    "ingest.batch('customer', [{'customer_id': str(row['id']), 'name': 'Ada'}], idempotency_key='k')"
)


class _Hearer(Taker):
    """Notes when the first line of connector code was heard of."""

    heard_at = 0.0

    def log(self, *_line: object) -> None:
        self.heard_at = time.perf_counter()


def measure(sandbox: Sandbox, count: int) -> None:
    """Time fresh children, warm ones and cold interpreters in turns."""
    empty, hook = poll("log.info('x')"), webhook(EMITS, keep_warm="bench")
    sandbox.call(empty, Taker())
    lines, runs, hooks, colds = [], [], [], []
    levels: Counter[str] = Counter()
    taker, warm = Taker(), 0
    for number in range(count):
        hearer, began = _Hearer(), time.perf_counter()
        outcome = _done(sandbox.call(empty, hearer))
        runs.append((time.perf_counter() - began) * 1000)
        lines.append((hearer.heard_at - began) * 1000)
        levels[_told(outcome)] += 1
        began = time.perf_counter()
        outcome = _done(sandbox.call(hook, taker))
        if outcome.served_before:
            hooks.append((time.perf_counter() - began) * 1000)
        warm += bool(outcome.served_before)
        levels[_told(outcome)] += 1
        if number % max(1, count // COLD) == 0:
            colds.append(_cold())
    assert taker.taken == count, taker.taken
    for level, times in levels.items():
        print(f"probed in {times} of {2 * count} children: {level}")
    print(f"run, from the call to its end         {spread(runs)}   ({verdict(statistics.median(runs), GOAL_MS, 'ms')})")
    print(f"  to its first line of connector code {spread(lines)}")
    for package in ("levada_acme", "levada_stripe"):
        _real(sandbox, package, max(10, count // 8))
    print(f"webhook in a warm child               {spread(hooks)}   ({warm} of {count} in one that was kept)")
    print(f"cold Python that imports pydantic     {spread(colds)}   (what a run would cost without the zygote)")


def _real(sandbox: Sandbox, package: str, count: int) -> None:
    """Time the check of a real connector in fresh children: each of them compiles its sources under the policy."""
    sources = package_sources(package)
    call = Call(
        action="check",
        bundle=Bundle(package, "connector", sources),
        now=datetime.now(UTC),
        settings={"api_base": "https://api.acme.test"},
        run=RunInfo(id="run", mode="check", connection="bench"),
    )
    times = []
    for _ in range(count):
        began = time.perf_counter()
        _done(sandbox.call(call, Taker()))
        times.append((time.perf_counter() - began) * 1000)
    print(f"  the same with {package:24}{spread(times)}   ({sum(map(len, sources.values()))} bytes of source)")


def _done(outcome: Outcome) -> Outcome:
    assert outcome.succeeded, outcome
    return outcome


def _told(outcome: Outcome) -> str:
    layers = " | ".join(f"{name} {state}" for name, state in sorted(outcome.layers.items()))
    return f"{outcome.level} | {re.sub(r'uid [0-9]+', 'uid of its own', layers)}"


def _cold() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "import pydantic; pydantic.TypeAdapter(int)"], check=True, env={})
    return (time.perf_counter() - began) * 1000
