"""How long a run takes to start behind the wall, and what a record costs on its way through it."""

import statistics
from datetime import UTC, datetime
from typing import Any

from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Bundle, Call, RunInfo
from levada_runtime.sandbox.protocol import EmitAnswer, EmitFrame, RecordAnswer

_EMPTY = b"""
from levada import Connector

connector = Connector("bench")


@connector.poll("nothing", every="@hourly")
def nothing(log):
    \"\"\"Does nothing.\"\"\"
"""
_FLOOD = b"""
from levada import Connector

connector = Connector("bench")


def customer(number):
    return {
        "customer_id": f"c{number}", "name": f"Customer {number}", "email": f"c{number}@example.com", "phone": "+351",
        "company_name": "Company", "currency": "EUR", "balance": "12.50", "tax_exempt": False,
        "description": "A customer of the measurement", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "metadata": {"segment": 1},
    }


@connector.poll("customers", every="@hourly")
def customers(ingest, settings):
    \"\"\"As many customers as are asked for.\"\"\"
    rows = [customer(number) for number in range(1000)]
    for _ in range(settings["batches"]):
        ingest.batch("customer", rows, idempotency_key=lambda row: row["customer_id"], continue_on_error=True)
"""


class _Taker:
    """Takes every record and keeps none: only the way there is measured."""

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:
        if not frame.last:
            return None
        records = [
            RecordAnswer(index, "unchanged", None, None, None, record.source_id, record.idempotency_key)
            for index, record in enumerate(frame.records)
        ]
        return EmitAnswer("ingested", {}, records)

    def retire(self, frame: Any) -> Any:
        raise AssertionError(frame)

    def save(self, partition: str, values: dict[str, Any]) -> None:
        raise AssertionError(partition, values)

    def http(self, request: Any) -> Any:
        raise AssertionError(request)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        print(level, message, fields)


def measure(count: int) -> None:
    """Print the time from a call to its end for a route that does nothing, and the CPU of a record's transport."""
    with Sandbox(allow_weak=True) as sandbox:
        sandbox.call(_call(_EMPTY, "nothing"))
        walls = sorted(sandbox.call(_call(_EMPTY, "nothing")).wall_s * 1000 for _ in range(count))
        outcome = sandbox.call(_call(_EMPTY, "nothing"))
        print(f"run start to end, {count} runs, level probed in the child: {outcome.level} {dict(outcome.layers)}")
        print(f"  p50 {statistics.median(walls):.1f} ms, p90 {walls[int(count * 0.9)]:.1f} ms, max {walls[-1]:.1f} ms")
        few, many = (sandbox.call(_call(_FLOOD, "customers", batches=batches), _Taker()) for batches in (10, 110))
        assert few.succeeded, few
        assert many.succeeded, many
        cpu = (many.cpu_s - few.cpu_s) / 100_000 * 1e6
        print(f"transport, child's CPU a record of 12 fields (encode, send, read the result): {cpu:.2f} µs")


def _call(source: bytes, stream: str, **settings: Any) -> Call:
    return Call(
        action="poll",
        bundle=Bundle("levada_bench", "connector", {"levada_bench/__init__.py": source}),
        now=datetime.now(UTC),
        stream=stream,
        settings=settings,
        run=RunInfo(id="run", mode="poll", connection="bench"),
    )
