"""The graph over a real store."""

import pytest

from levada_runtime.graph.service import Graph


@pytest.fixture
def graph(store, clock):
    """A graph in a store of its own, with a clock that stands still."""
    return Graph(store, clock)
