"""A bench that answers from a recorded run."""

import os
from datetime import UTC, datetime

import pytest

from levada import Connector, InvalidDefinition, SourceUnavailable, from_setting, url
from levada.testing import Cassette, CassetteMiss, InvalidCassette

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = "http://127.0.0.1:8420"


def exchange(path, body="[]", **words):
    answer = {"response": {"status": 200, "body": {"text": body}, **words}}
    return {"request": {"method": "GET", "url": f"{BASE}{path}"}, **answer}


def recorded(*exchanges, **words):
    """Return a cassette of a run of the connector below."""
    known = {"connector": "acme", "stream": "customers", "settings": {"base": BASE}, "now": NOON}
    return Cassette.model_validate({**known, "exchanges": exchanges, **words})


FIRST = exchange(
    "/customers?since=t0",
    '[{"id": 1, "name": "Ada"}]',
    headers=[["Link", f'<{BASE}/customers?since=t0&page=2>; rel="next"']],
    url=f"{BASE}/customers?since=t0",
)
SECOND = exchange("/customers?page=2&since=t0", '[{"id": 2, "name": "Eve"}]')
CASSETTE = recorded(FIRST, SECOND, checkpoint={"": {"since": "t0"}})


@pytest.fixture
def acme():
    connector = Connector("acme", hosts=[from_setting("base")], settings=[url("base")])

    @connector.poll("customers", every="@hourly")
    def customers(http, ingest, checkpoint, now, log):
        """Read everything since the last run."""
        log.info("now", now=now)
        for page in http.pages("/customers", params={"since": checkpoint.get("since")}):
            rows = [{"customer_id": str(row["id"]), "name": row["name"]} for row in page]
            ingest.batch("customer", rows, idempotency_key=lambda customer: customer["customer_id"])
            checkpoint.save(since=f"t{page[-1]['id']}")

    return connector


@pytest.fixture
def written(request, tmp_path):
    """Returns what writes a cassette, and its path from the folder of this file."""

    def write(cassette):
        cassette.dump(tmp_path / "run.json")
        return os.path.relpath(tmp_path / "run.json", request.path.parent)

    return write


def test_a_recorded_run_is_run_again(acme, connector_run, written):
    """With the settings, the checkpoint and the moment of then; the file's path is relative to the test's."""
    run = connector_run(acme, cassette=written(CASSETTE)).poll("customers")
    assert sorted(run.documents) == ["1", "2"]
    assert [(one.url, one.params) for one in run.requests] == [
        ("http://127.0.0.1:8420/customers", {"since": "t0"}),
        ("http://127.0.0.1:8420/customers", {"since": "t0", "page": "2"}),
    ]
    assert run.checkpoint == {"since": "t2"}
    assert run.logs[0].fields == {"now": NOON.isoformat()}


def test_each_run_plays_from_the_beginning(acme, connector_run):
    """So the same bench observes first and runs after."""
    bench = connector_run(acme, cassette=CASSETTE)
    observed = bench.poll("customers", observe=True)
    assert [batch.created for batch in observed.batches] == [1, 1]
    assert len(bench.poll("customers").documents) == 2


def test_what_was_not_recorded_is_a_failure_of_the_test(acme, connector_run):
    """It names the request, the nearest one that was recorded, and the way out."""
    bench = connector_run(acme, cassette=CASSETTE)
    bench.poll("customers")
    with pytest.raises(
        AssertionError, match=r"GET .*/customers\?since=t2.*nearest.*since=t0.*record a new run"
    ) as raised:
        bench.poll("customers")
    assert isinstance(raised.value, CassetteMiss)


def test_given_settings_are_taken_instead_of_the_recorded(acme, connector_run):
    """And so is the moment."""
    elsewhere = recorded(exchange("/customers"))
    later = datetime(2027, 1, 1, tzinfo=UTC)
    bench = connector_run(acme, cassette=elsewhere, settings={"base": "https://other.test"}, now=later)
    assert bench.now == later
    with pytest.raises(CassetteMiss, match=r"https://other\.test/customers"):
        bench.poll("customers")


def test_a_recorded_error_is_raised_in_the_route(acme, connector_run):
    """As when it was recorded."""
    down = {"code": "source_unavailable", "message": "the source was down", "wait": 3}
    asked = {"request": {"method": "GET", "url": f"{BASE}/customers"}, "error": down}
    with pytest.raises(SourceUnavailable, match="the source was down") as raised:
        connector_run(acme, cassette=recorded(asked)).poll("customers")
    assert raised.value.wait == 3


def test_a_source_is_either_a_script_or_a_cassette(acme, connector_run):
    """Given both, nobody could tell who answers."""
    with pytest.raises(TypeError, match="either http= or cassette="):
        connector_run(acme, http={}, cassette=CASSETTE)


def test_a_cassette_of_another_connector_is_refused(acme, connector_run):
    """Its requests would all be missed."""
    with pytest.raises(InvalidDefinition, match="recorded of 'stripe', not of 'acme'"):
        connector_run(acme, cassette=recorded(connector="stripe"))


def test_a_file_that_is_no_cassette_says_so(acme, connector_run, tmp_path):
    """With its path."""
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InvalidCassette, match=r"run\.json is no cassette"):
        connector_run(acme, cassette=tmp_path / "run.json")
