"""Calls of connectors made of text, what takes their records, and how figures are printed."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.model import Bundle, Call, Delivery, RunInfo
from levada_runtime.sandbox.protocol import EmitAnswer, EmitFrame, HttpAnswer, HttpFrame, RecordAnswer

HEAD = "from levada import Connector, unverified\n\nconnector = Connector({declared})\n"


def poll(body: str, *, head: str = "", files: Mapping[str, str] | None = None, **more: Any) -> Call:
    """Return the call of a poll route with this body; `more` goes to the call."""
    declared = more.pop("declared", '"bench"')
    route = '\n\n@connector.poll("work", every="@hourly")\ndef work(ingest, http, log, settings):\n    """Works."""\n'
    return _call("poll", HEAD.format(declared=declared) + head + route + _indented(body), files or {}, more)


def webhook(body: str, **more: Any) -> Call:
    """Return the call of a webhook route with this body."""
    route = (
        '\n\n@connector.webhook("work", verify=unverified(reason="a measurement"))\n'
        'def work(request, ingest, log):\n    """Works."""\n'
    )
    more.setdefault("request", Delivery(b'{"id": 1}', {}, {}))
    return _call("webhook", HEAD.format(declared='"bench"') + route + _indented(body), {}, more)


def _call(action: str, source: str, files: Mapping[str, str], more: dict[str, Any]) -> Call:
    libraries = {path: text.encode() for path, text in more.pop("libraries", {}).items()}
    sources = {f"bench/{path}": text.encode() for path, text in {"__init__.py": source, **files}.items()}
    return Call(
        action=action,
        bundle=Bundle("bench", "connector", sources, libraries),
        now=datetime.now(UTC),
        stream="work",
        run=RunInfo(id="run", mode=action, connection="bench"),
        **more,
    )


def _indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.splitlines())


class Taker(NoHandlers):
    """Takes every record and keeps none, so that only the way there is measured; what is logged is kept."""

    def __init__(self) -> None:
        self.taken = 0
        self.said: list[dict[str, Any]] = []

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:  # type: ignore[override]  # it has an answer, after all
        self.taken += len(frame.records)
        if not frame.last:
            return None
        records = [
            RecordAnswer(index, "unchanged", None, None, None, record.idempotency_key, record.source_id)
            for index, record in enumerate(frame.records)
        ]
        return EmitAnswer("ingested", {}, records)

    def http(self, request: HttpFrame) -> HttpAnswer:  # type: ignore[override]  # the same
        return HttpAnswer(200, [("Content-Type", "application/json")], b'{"id":1}', request.url)

    def log(self, *line: Any) -> None:
        self.said.append(line[2])


def spread(milliseconds: Sequence[float]) -> str:
    """Return the median, the ninth decile and the largest of these, for people."""
    inner = sorted(milliseconds)
    last = inner[int(len(inner) * 0.9)]
    return f"p50 {statistics.median(inner):6.2f} ms   p90 {last:6.2f} ms   max {inner[-1]:6.2f} ms"


def verdict(value: float, goal: float, unit: str) -> str:
    """Return how a figure stands to its goal."""
    return f"{value:.2f} {unit}, goal {goal:g} {unit}: {'met' if value <= goal else 'MISSED'}"
