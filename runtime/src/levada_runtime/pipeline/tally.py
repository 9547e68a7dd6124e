"""What pipelines did with a few events, added up before it is written. Values only."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from levada_runtime.pipeline.model import Trace
from levada_runtime.store.pipelines_model import Failure

MOST_FAILURES = 10
LONGEST_REASON = 500


class Tally:
    """Counts by pipeline; `figures` and `failures` are what is to be written."""

    def __init__(self) -> None:
        self.figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.failures: defaultdict[str, list[Failure]] = defaultdict(list)

    def ran(self, pipeline: str, trace: Trace) -> None:
        """Count a run whose effects are kept."""
        counts = self.figures[pipeline]
        counts["events"] += 1
        counts["dropped"] += trace.dropped_by is not None
        counts["deliveries"] += len(trace.deliveries)
        counts["unrendered"] += sum(one.problem is not None for one in trace.deliveries)
        for outcome in ("upserted", "enriched", "missed"):
            counts[outcome] += sum(step.outcome == outcome for step in trace.steps)

    def failed(self, pipeline: str, version: int, event: str, reason: str, at: datetime) -> None:
        """Count a run that failed, of which nothing else is kept."""
        self.figures[pipeline]["events"] += 1
        self.figures[pipeline]["failed"] += 1
        kept = reason.replace("\x00", "\ufffd")[:LONGEST_REASON]
        self.failures[pipeline].append(Failure(kept, event, version, at.isoformat()))

    def left_alone(self, pipeline: str, why: str) -> None:
        """Count an event that the pipeline was not to run on."""
        self.figures[pipeline][why] += 1


def merged(before: Sequence[dict[str, Any]], new: Sequence[Failure]) -> list[dict[str, Any]]:
    """Return the newest failures, each reason once with how often it came, the newest first."""
    kept = {one["reason"]: Failure(**one) for one in reversed(before)}
    for failure in new:
        last = kept.pop(failure.reason, None)
        kept[failure.reason] = failure if last is None else replace(failure, times=last.times + failure.times)
    return [asdict(one) for one in reversed(kept.values())][:MOST_FAILURES]
