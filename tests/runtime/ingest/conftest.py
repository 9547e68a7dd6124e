"""A bench on which to try ingest."""

import pytest
from tests.runtime.ingest.bench import Bench


@pytest.fixture
def bench(store, clock):
    return Bench(store, clock)
