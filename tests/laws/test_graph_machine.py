"""Whatever several sources say in whatever order, the graph is what a plain reading of its laws makes of it."""

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.laws.graph_machine import GraphMachine

EXAMPLES = int(os.environ.get("LEVADA_GRAPH_EXAMPLES", "30"))
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def test_any_sequence_of_operations_is_what_the_laws_make_of_it(store, clock):
    """Syncs, held ones too, writes, upserts, patches, deletes and what is given up, against the model; now and then."""
    machine = type("Machine", (GraphMachine,), {"store": store, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=QUIET),
    )
