"""A short run of what `make fuzz` does for minutes: whatever is asked, the answer is a documented one."""

import importlib.util
from pathlib import Path

import pytest
from tests.serving import serving

from levada_runtime.api.app import make_app
from levada_runtime.daemon.api import api_services

SCRIPT = Path(__file__).parents[2] / "fuzz" / "fuzz.py"
SECONDS = 8


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_undocumented_is_answered_whatever_is_asked(app, key, fuzzer):
    """On both databases; the seed is always the same, so that what it finds is found again."""
    with serving(app) as port:
        url = f"http://127.0.0.1:{port}"
        fuzzer.seed(url, key)
        assert fuzzer.fuzz(url, key, SECONDS, "--seed", "1", "--phases", "coverage,fuzzing") == 0


@pytest.mark.databases("sqlite")
def test_the_fuzzer_would_notice(installation, key, fuzzer):
    """A server error and an undocumented status are found at once."""
    services = api_services(installation, dict)
    app = make_app(services)
    app.openapi()["paths"]["/v1/runs"]["get"]["responses"].pop("200")

    def fail(*_args, **_more):
        raise ValueError("broken")

    services.quarantine.page = fail
    with serving(app) as port:
        url = f"http://127.0.0.1:{port}"
        words = ("--seed", "1", "--include-path-regex", "^/v1/(runs|quarantine)$", "--max-failures", "1")
        assert fuzzer.fuzz(url, key, 10, "--phases", "fuzzing", *words) == 1
