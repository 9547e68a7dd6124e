"""A recorded run is captured as a cassette and a test, and played again without a network."""

import json
import subprocess
import sys

import pytest

from levada._cassette import Cassette, RecordedBody
from levada_runtime.cli.captures import capture
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs.captured_test import captured_test, file_of_test

pytestmark = pytest.mark.databases("sqlite")
BOTH = pytest.mark.databases("sqlite", "postgresql")
SECRET = "s3cret/with+signs"
PAGES = {
    "/rows": [{"customer_id": "1", "name": "Ada"}, {"customer_id": "2", "name": "Bo"}],
    "/rows2": [{"customer_id": "3", "name": "Cy"}, {"customer_id": "4"}],
}


@pytest.fixture
def stocked(source):
    """The source with two pages of customers, one of whom has no name."""
    said = {"Link": f'<{source.named}/rows2?token={SECRET}>; rel="next"', "Set-Cookie": "session=abc"}
    source.answers |= {
        "/rows": (200, said, json.dumps(PAGES["/rows"]).encode()),
        "/rows2": (200, {}, json.dumps(PAGES["/rows2"]).encode()),
        "/rows/9": (200, {}, b'{"customer_id": "9", "name": "Di"}'),
        "/done": (200, {}, json.dumps({"echo": SECRET}).encode()),
    }
    return source


class Words:
    """A session as the command line has one, over an installation that is open."""

    def __init__(self, installation):
        self.installation = installation

    def open(self, **_how):
        return self

    def __enter__(self):
        return self.installation

    def __exit__(self, *_ending):
        pass


def written(bench, run, file):
    """Capture a run, and return its cassette with what the command says."""
    result = capture(Words(bench.installation), run["id"], file)
    return Cassette.load(file), result.value


def kept_bytes(bench):
    """Return how many rows of recordings there are."""
    with bench.installation.store.read() as uow:
        org = bench.installation.org.id
        return {run.id: len(uow.recordings.of(run)) for run in uow.runs.page_of(org, limit=50)}


def test_nothing_is_recorded_unless_it_is_asked_for(bench, stocked):
    """And capturing such a run says how to record one."""
    run = bench.run("rows")
    assert kept_bytes(bench) == {run["id"]: 0}
    with pytest.raises(NotFoundFailure, match="was not recorded") as refused:
        bench.installation.cassettes.of(bench.installation.org, run["id"])
    assert "`runtime run explorer rows --record`" in refused.value.hint
    assert "`runtime connections set explorer --record`" in refused.value.hint
    with pytest.raises(NotFoundFailure, match="there is no run"):
        bench.installation.cassettes.of(bench.installation.org, "nowhere")


@BOTH
def test_a_connection_or_a_run_is_recorded(bench, stocked):
    """For the connection until it is switched off, for the run once."""
    once = bench.run("rows", record=True)
    assert kept_bytes(bench)[once["id"]] == 4
    bench.set(recording=True)
    always = bench.run("rows")
    bench.set(recording=False)
    never = bench.run("rows")
    kept = kept_bytes(bench)
    assert (kept[always["id"]] > 1, kept[never["id"]]) == (True, 0)


def test_no_secret_is_in_anything_that_is_kept_of_a_run(bench, stocked):
    """Logs, exchanges, recording, cassette and plan, whatever the route did with its secret."""
    run = bench.run("rows", record=True)
    installation = bench.installation
    observed = installation.runs.observe(installation.org, bench.connection, "rows", recording=True)
    org = installation.org
    everything = json.dumps(
        [
            run,
            installation.run_library.logs(org, run["id"]),
            bench.exchanges(run),
            installation.cassettes.of(org, run["id"]).model_dump(mode="json"),
            installation.cassettes.of(org, observed.id).model_dump(mode="json"),
            installation.run_library.plan(org, observed.plan_id),
        ]
    )
    for word in (SECRET, "s3cret", "session=abc", "Bearer"):
        assert word not in everything
    assert "***" in everything


def test_a_captured_run_is_reproduced_offline_by_its_test(bench, stocked, tmp_path, explored):
    """The test passes with the source gone; were the cassette another, it would not."""
    run = bench.run("rows", record=True)
    assert (run["state"], run["counts"]["created"], run["counts"]["failed"]) == ("partial", 3, 1)
    cassette, told = written(bench, run, tmp_path / "captured run.json")
    stocked.close()
    test = tmp_path / "test_captured_run.py"
    assert (told["test"], told["exchanges"], told["cut"]) == (str(test), 3, False)
    text = test.read_text()
    assert "len(run.requests) == 3" in text
    assert "len(run.failed_records) == 1" in text
    assert "run.checkpoint == {'since': '4'}" in text
    assert [one.request.method for one in cassette.exchanges] == ["GET", "GET", "POST"]
    assert pytest_of(test, explored) == 0
    file = tmp_path / "captured run.json"
    file.write_text(file.read_text().replace('\\"customer_id\\": \\"4\\"', '\\"customer_id\\": \\"5\\"'))
    assert pytest_of(test, explored) == 1


def test_a_captured_failure_is_expected_until_it_is_mended(bench, stocked, tmp_path, explored):
    """The test tells of the run's end, and fails once the connector does not."""
    run = bench.run("broken", record=True, attempts=2)
    assert (run["state"], run["reason"]) == ("failed", "connector_error")
    written(bench, run, tmp_path / "broken.json")
    test = tmp_path / "test_broken.py"
    assert "xfail(strict=True, reason='the run failed, " in test.read_text()
    assert pytest_of(test, explored) == 0
    cassette = Cassette.load(tmp_path / "broken.json")
    mended = cassette.exchanges[0].response.model_copy(update={"body": RecordedBody(text='{"no such key": 1}')})
    exchange = cassette.exchanges[0].model_copy(update={"response": mended})
    cassette.model_copy(update={"exchanges": (exchange,)}).dump(tmp_path / "broken.json")
    assert pytest_of(test, explored) == 1


def pytest_of(test, folder):
    """Run a test file as its author would, and return the exit code."""
    plugins = ["-p", "no:cacheprovider", "-p", "levada.testing.plugin"]
    words = [sys.executable, "-m", "pytest", "-q", *plugins, "-c", "/dev/null", str(test)]
    env = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(words, env=env, capture_output=True, check=False, cwd=test.parent).returncode


def test_a_test_that_is_there_already_is_left_as_it_is(bench, stocked, tmp_path):
    """Its author may have changed it."""
    run = bench.run("rows", record=True)
    (tmp_path / "test_x.py").write_text("mine")
    _, told = written(bench, run, tmp_path / "x.json")
    assert ((tmp_path / "test_x.py").read_text(), told["test_written"]) == ("mine", False)


def test_a_recorded_run_is_observed_again_without_its_source(bench, stocked, tmp_path):
    """With its own settings, checkpoint and moment; the plan says what it would change now."""
    run = bench.run("rows", record=True)
    cassette, _ = written(bench, run, tmp_path / "rows.json")
    stocked.close()
    stocked.seen.clear()
    installation = bench.installation
    bench.set(api_base="https://elsewhere.test")
    observed = installation.runs.observe(installation.org, bench.connection, "rows", replay=cassette)
    plan = installation.run_library.plan(installation.org, observed.plan_id)
    assert (plan["summary"]["unchanged"], plan["summary"]["failed"]) == (3, 1)
    asked = installation.run_library.exchanges(installation.org, observed.id)
    assert [(one["method"], one["status"]) for one in asked] == [("GET", 200), ("GET", 200), ("POST", 200)]
    assert stocked.seen == []


def test_a_route_that_asks_for_more_than_the_cassette_holds_fails(bench, stocked, tmp_path):
    """Nothing is asked in its place; the run says what was missing."""
    cassette, _ = written(bench, bench.run("rows", record=True), tmp_path / "rows.json")
    short = cassette.model_copy(update={"exchanges": cassette.exchanges[:1]})
    stocked.seen.clear()
    installation = bench.installation
    observed = installation.runs.observe(installation.org, bench.connection, "rows", replay=short)
    assert (observed.state, observed.reason) == ("failed", "connector_error")
    assert "does not answer" in observed.error["message"]
    assert stocked.seen == []


def test_a_cassette_of_another_stream_is_not_played(bench, stocked, tmp_path):
    """It names both."""
    cassette, _ = written(bench, bench.run("rows", record=True), tmp_path / "rows.json")
    with pytest.raises(UsageFailure, match="holds explorer rows, and explorer asks is to be run"):
        bench.installation.runs.observe(bench.installation.org, bench.connection, "asks", replay=cassette)


@BOTH
def test_only_the_last_attempt_of_a_run_is_kept(bench, stocked):
    """With what it began with: a cassette is one run of a route."""
    stocked.answers["/done"] = (501, {}, b"{}")
    run = bench.run("rows", record=True, attempts=2)
    cassette = bench.installation.cassettes.of(bench.installation.org, run["id"])
    assert cassette.checkpoint == {"": {"since": "4"}}
    assert [one.response.status for one in cassette.exchanges][-1] == 501
    assert len(cassette.exchanges) == 3


def test_a_webhooks_run_is_captured_with_what_was_pushed(bench, stocked, tmp_path, explored):
    """Its test pushes the same again."""
    bench.set(recording=True)
    installation = bench.installation
    door = installation.intake.doors.find("explorer", "told")
    installation.intake.receive(door, {}, {}, json.dumps({"id": 9, "key": SECRET}).encode()).result(10)
    token = installation.work.claim_next(installation.org.id, bench.connection.id, "webhook:told")
    installation.runs.execute(token)
    (run,) = installation.run_library.runs(installation.org, connection=None, state=None, limit=1, cursor=None).items
    cassette, _ = written(bench, run, tmp_path / "told.json")
    stocked.close()
    assert (cassette.mode, run["state"]) == ("webhook", "succeeded")
    text = (tmp_path / "test_told.py").read_text()
    assert "bench.webhook('told', body=b'{\"id\": 9" in text
    assert SECRET not in text
    assert pytest_of(tmp_path / "test_told.py", explored) == 0


@pytest.mark.parametrize(
    ("stem", "name"),
    [("x", "test_x.py"), ("test_x", "test_x.py"), ("Run 7/é", "test_run_7.py"), ("é", "test_captured.py")],
)
def test_the_test_has_a_name_that_pytest_finds(stem, name):
    """Whatever the cassette's file is called."""
    assert file_of_test(stem) == name


def test_a_run_that_was_cut_is_only_expected_to_end():
    """What it asked after that is not known."""
    cassette = Cassette(connector="acme", stream="rows", cut=True)
    view = {"state": "succeeded", "reason": None, "connection": None, "observing": True}
    text = captured_test(cassette, "x.json", ("levada_acme", "connector"), view, None)
    assert "bench.poll('rows', observe=True)" in text
    assert "len(run.requests)" not in text
