"""One window by itself: observed before it is backfilled, and recorded to be played again."""

import importlib
import sys
from datetime import UTC, datetime

import pytest

from levada import Window
from levada.testing import ConnectorBench
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.backfills import Wanted
from levada_runtime.runs.captured_test import captured_test

pytestmark = pytest.mark.databases("sqlite")
WEEK = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 8, tzinfo=UTC))


def test_a_window_is_observed_without_a_trace_but_its_plan(bench):
    """And cannot be retried, which would commit it."""
    backfills = bench.installation.backfills
    assert backfills.window(bench.connection, bench.manifest, Wanted("days", "2025-01-01", "2025-01-08")) == WEEK
    bench.set(d2025_01_05="unavailable")
    run = bench.installation.runs.observe(bench.org, bench.connection, "days", window=WEEK)
    assert (run.state, run.mode, run.reason) == ("failed", "backfill", "source_unavailable")
    assert bench.installation.run_library.plan(bench.org, run.plan_id)["summary"]["created"] == 4
    assert (bench.count("documents"), bench.count("checkpoints"), bench.count("backfills")) == (0, 0, 0)
    with pytest.raises(UsageFailure, match="only observed"):
        bench.installation.retries.retry(bench.org, run.id)


def test_a_recorded_slice_is_played_again_over_its_window(bench):
    """By the test that is written beside it, from where it began."""
    bench.installation.connections.set(bench.connection, bench.manifest, settings={}, secrets={}, recording=True)
    backfill = bench.begin(ends="2025-01-08")
    bench.fill(backfill)
    (run,) = bench.runs(backfill)
    cassette = bench.installation.cassettes.of(bench.org, run["id"])
    assert (cassette.mode, cassette.window) == ("backfill", (WEEK.start, WEEK.end))
    text = captured_test(cassette, "week.json", ("daily", "connector"), run, None)
    assert "run = bench.backfill('days', *bench.cassette.window)" in text
    connector = importlib.import_module("daily").connector
    try:
        begun = cassette.model_copy(update={"checkpoint": {"": {"next": "2025-01-06T00:00:00+00:00"}}})
        for played, documents in ((cassette, 7), (begun, 2)):
            there = ConnectorBench(connector, cassette=played)
            assert len(there.backfill("days", *played.window).documents) == documents
    finally:
        del sys.modules["daily"]
    observed = bench.installation.runs.observe(bench.org, bench.connection, "days", replay=cassette)
    assert (observed.state, observed.window_from) == ("succeeded", WEEK.start)
