"""What a record of twelve fields costs on its way out: the child's processor time, and the host's."""

import time

import orjson

from benchmarks.wall.calls import Taker, poll, verdict
from benchmarks.workload import rows as records
from levada_runtime.sandbox.host import Sandbox

GOAL_US = 3
FEW, MANY = 10, 60
BATCH = 1_000
REPEATS = 5
BODY = """
rows = settings["rows"]
for _ in range(settings["batches"]):
    ingest.batch("customer", rows, idempotency_key=lambda row: row["customer_id"], continue_on_error=True)
"""


def measure(sandbox: Sandbox) -> None:
    """Print the least of some repeats: the processor time of many batches less that of few, for each record."""
    rows = records("customer", BATCH)
    fields = {len(row) for row in rows}
    size = len(orjson.dumps(rows)) / BATCH
    both = [_costs(sandbox, rows) for _ in range(REPEATS)]
    child, host = min(cost for cost, _ in both), min(cost for _, cost in both)
    print(f"\na record of {fields.pop()} fields, {size:.0f} bytes of JSON, in batches of {BATCH}, processor time:")
    print(f"  child: encode each record, send them, read the answer   {child:5.2f} µs")
    print(f"  host:  receive, decode, hold against the caps, answer   {host:5.2f} µs")
    print(f"  both: {verdict(child + host, GOAL_US, 'µs')}   (least of {REPEATS} repeats of {MANY - FEW} batches)")


def _costs(sandbox: Sandbox, rows: list[dict[str, object]]) -> tuple[float, float]:
    (few_child, few_host), (many_child, many_host) = (_cost(sandbox, rows, batches) for batches in (FEW, MANY))
    records = (MANY - FEW) * BATCH
    return (many_child - few_child) / records * 1e6, (many_host - few_host) / records * 1e6


def _cost(sandbox: Sandbox, rows: list[dict[str, object]], batches: int) -> tuple[float, float]:
    taker = Taker()
    began = time.thread_time()
    outcome = sandbox.call(poll(BODY, settings={"rows": rows, "batches": batches}), taker)
    host = time.thread_time() - began
    assert outcome.succeeded, outcome
    assert taker.taken == batches * BATCH, taker.taken
    return outcome.cpu_s, host
