"""The workbench of plans, over each database."""

import pytest
from tests.runtime.plans.scripted import Bench


@pytest.fixture
def bench(store, clock, tmp_path):
    return Bench(store, clock, tmp_path)


@pytest.fixture
def tenant(bench):
    return bench.tenant()
