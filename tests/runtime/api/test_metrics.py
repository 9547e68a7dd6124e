"""The figures of the work, as Prometheus reads them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from levada_runtime.work.service import new_work


def figures_of(api):
    """Return every sample by its name and labels."""
    families = text_string_to_metric_families(api.get("/metrics", key=None).body.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_the_oldest_work_that_nobody_takes_is_a_figure_for_each_kind(api, installation):
    """What waits for its moment, or behind another of its line, is not due."""
    now = datetime.now(UTC)
    assert not any(name.startswith("levada_work_oldest_due") for name, *_ in figures_of(api))
    for kind, key, ago_s, changes in (
        ("webhook", "a", 90, {}),
        ("webhook", "a", 80, {}),
        ("webhook", "b", 10, {}),
        ("poll", "c", 5, {"not_before": now + timedelta(seconds=500)}),
        ("deliver", "d", 5, {"state": "running", "owner": "x/1/1"}),
        ("deliver", "e", 5, {"state": "dead"}),
    ):
        row = new_work(
            org_id=1,
            connection_id=2,
            kind=kind,
            key=key,
            payload={},
            now=now - timedelta(seconds=ago_s),
            max_attempts=3,
        )
        with installation.store.write() as uow:
            uow.work.add(replace(row, **changes))
    told = figures_of(api)
    assert 90 <= told["levada_work_oldest_due_seconds", "webhook"] < 150
    assert told["levada_work_due", "webhook"] == 2
    assert ("levada_work_due", "poll") not in told
    assert (told["levada_work_in_flight", "deliver"], told["levada_work_dead", "deliver"]) == (1, 1)
