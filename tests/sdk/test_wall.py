"""Behind the wall: a route does there what it does in process, and a test is told the same of it."""

import importlib
import json
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import levada_acme
from levada import (
    AuthFailed,
    BadRecord,
    BatchRejected,
    Connector,
    HostNotDeclared,
    Response,
    SecretNotExposed,
    SourceUnavailable,
    basic,
    bearer,
    github_signature,
    hmac_sha256,
    secret,
    standard_webhooks,
    stripe_signature,
    text,
)
from levada.testing import ConnectorBench, ConnectorConformance, PageLost, RouteFailed, UnscriptedRequest
from levada.testing.signing import wrongly_taken
from levada_runtime.pytest_plugin.wall import SandboxWall

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGES = [[{"id": 1, "name": "Ada"}, {"id": 2, "name": ""}], [{"id": 3, "name": "Eve"}]]
SCRIPT = {"/rows": PAGES, "/check": {}, "POST /wish": Response(202)}
HERE = Path(__file__).parent / "installed"


@pytest.fixture(scope="module")
def walled():
    """The connector of installed/walled.py, found on the path as an installed one is."""
    sys.path.insert(0, str(HERE))
    yield importlib.import_module("walled")
    sys.path.remove(str(HERE))
    del sys.modules["walled"]


@pytest.fixture(scope="module")
def wall():
    opened = SandboxWall()
    obstacle = opened.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    yield opened
    opened.close()


@pytest.fixture
def both(walled, wall):
    """Returns what does something in process and behind the wall, each with a bench of its own."""

    def run(act, connector=None, **words):
        benches = [ConnectorBench(connector or walled.connector, now=NOON, **{"http": SCRIPT, **words}) for _ in "12"]
        benches[0].wall, benches[1].wall = None, wall
        return [act(bench) for bench in benches]

    return run


def act_on(stream):
    """Return what sends a wish."""
    return lambda bench: bench.webhook("wishes", json=stream)


@pytest.mark.parametrize(
    "how", [{}, {"observe": True}, {"kill_after": 1}, {"kill_after": 3}, {"lose_page": 99}], ids=str
)
def test_a_run_is_told_of_alike(both, how):
    """Documents, graph, checkpoints, requests, answers, log and all."""
    one, other = both(lambda bench: [bench.poll("rows", **how), bench.poll("rows")])
    assert one == other
    assert one[0].batches[0].failed == 1
    assert one[0].writes
    assert one[0].logs[0].fields["seen"] == {"region": "eu", "shown": "secret-shown", "run": "run-1"}


@pytest.mark.parametrize("how", [{}, {"observe": True}, {"kill_after": 1}], ids=str)
def test_a_window_is_filled_alike(both, how):
    """The route is given the window it is to fill, and goes on in it where it was cut short."""
    week = (NOON, NOON + timedelta(days=7))
    one, other = both(lambda bench: [bench.backfill("rows", *week, **how), bench.backfill("rows", *week)])
    assert one == other
    assert one[1].requests[0].params == {"from": week[0].isoformat(), "to": week[1].isoformat()}
    assert one[1].documents["3"]["name"] == "Eve of 01 March"


@pytest.mark.parametrize("stream", ["customers", "invoices"])
def test_acme_reads_alike(both, stream):
    """A connector that is installed, over pages with a row that its contract refuses."""
    row = {
        "id": 7, "name": " Ada ", "company": "Press", "email": "a@b.co", "phone": "+351 2", "currency": "EUR",
        "balance": "12.50", "address": {"line1": "1 Market Street", "city": "Porto"}, "tags": {}, "deleted": False,
        "created_at": "2026-03-01T00:00:00.000Z", "updated_at": "2026-03-02T00:00:00.000Z",
        "customer": {"id": 7, "name": "Ada"}, "number": "1", "issued_on": "2026-03-01", "due_on": "2026-04-01",
        "state": "open", "total": "1.00", "lines": [],
    }  # fmt: skip
    script = {"/customers": [[row], [{**row, "id": 8, "currency": "?"}], [{**row, "deleted": True}]], "/invoices": []}
    one, other = both(lambda bench: bench.poll(stream), levada_acme.connector, http=script)
    assert one == other
    assert bool(one.failed_records) == (stream == "customers")


def test_a_reply_is_what_a_source_would_be_sent(both):
    """JSON, whatever it was made of."""
    words = {"headers": {"X-One": "1"}, "params": {"q": "2"}}
    one, other = both(lambda bench: bench.webhook("wishes", json={"do": "reply"}, **words))
    assert one == other
    assert (other.reply.status, other.reply.json) == (201, {"got": "1", "q": "2", "pair": [1, "2.0"]})


def test_a_check_runs_behind_the_wall(both):
    """It passes, or raises what it raises."""
    one, other = both(lambda bench: bench.check())
    assert one == other
    both(raising(AuthFailed, "401", lambda bench: bench.check()), http={"/check": Response(401)})


def raising(kind, said, act):
    """Return what holds that an act raises this, with these words, and returns the exception."""

    def held(bench):
        with pytest.raises(kind, match=said) as raised:
            act(bench)
        return raised.value

    return held


def lines_of(error):
    """Return the lines of the connector that an exception came through: number, function and text."""
    frames = traceback.extract_tb(error.__traceback__)
    return [(frame.lineno, frame.name, frame.line) for frame in frames if frame.filename == str(HERE / "walled.py")]


@pytest.mark.parametrize(
    ("wish", "kind", "said"),
    [
        ({"do": "look up"}, KeyError, "^'missing'$"),
        ({"do": "be odd"}, ValueError, "^an odd wish$"),
        ({"do": "refuse"}, AuthFailed, "^not with this key$"),
        ({"do": "hand over", "payloads": [{}, {"customer_id": "1"}]}, BatchRejected, "^nothing of the batch was kept"),
        ({"do": "hand over one", "payload": {}}, BadRecord, "^not a valid customer"),
        ({"do": "misspell"}, BadRecord, "did you mean 'USES'"),
        ({"do": "peep"}, SecretNotExposed, "stays outside"),
        ({"do": "wait"}, SourceUnavailable, "^later$"),
        ({"do": "be bad"}, BadRecord, "^made up$"),
    ],
    ids=lambda given: given["do"] if isinstance(given, dict) else "",
)
def test_what_a_route_raises_is_raised_alike(both, wish, kind, said):
    """By its type, with its words, and through the same lines of the connector."""
    one, other = both(raising(kind, said, act_on(wish)))
    for name in ("code", "wait", "details", "failed_records"):
        assert getattr(one, name, None) == getattr(other, name, None)
    assert str(one) == str(other)
    assert lines_of(other) == lines_of(one)
    assert lines_of(one)[0][1] == "wishes"


def test_a_connectors_own_error_is_of_its_own_type(both, walled):
    """So a test of the connector may name it."""
    both(raising(walled.OddError, "an odd wish", act_on({"do": "be odd"})))


def test_a_batch_that_is_refused_can_be_caught(both):
    """And the route sees which of its records were invalid."""
    one, other = both(act_on({"do": "hand over and shrug", "payloads": [{}, {"customer_id": "1", "name": "Ada"}]}))
    assert one == other
    assert one.reply.json[0][:2] == ["validation_failed", 0]
    assert other.failed_records


def test_a_lost_page_is_raised(both):
    """As what it is, and nothing of it is kept."""

    def act(bench):
        with pytest.raises(PageLost, match="page 3 could not be written"):
            bench.poll("rows", lose_page=3)
        return dict(bench.documents), dict(bench.ingest.checkpoints)

    one, other = both(act)
    assert one == other
    assert list(other[0]) == ["1"]


def test_what_the_script_does_not_answer_fails_the_test(both):
    """Whatever the route makes of it behind the wall: a test that forgot an answer has proved nothing."""
    _, other = both(raising(UnscriptedRequest, "no answer to POST /wish", act_on({"do": "ask"})), http={"/rows": []})
    assert "http.post" in lines_of(other)[-1][2]


def test_an_unanswered_request_is_not_shrugged_off_behind_the_wall(both):
    """In process a route that catches everything catches the test's own failure as well."""

    def act(bench):
        if bench.wall is not None:
            return raising(UnscriptedRequest, "/elsewhere", act_on({"do": "ask and shrug"}))(bench)
        return bench.webhook("wishes", json={"do": "ask and shrug"}).reply.status

    assert both(act)[0] == 204


def test_an_error_of_the_script_is_raised_in_the_route(both):
    """And comes out again as the very one that the test put into it."""
    put = SourceUnavailable("down", wait=3, details={"since": "noon"})
    _, other = both(raising(SourceUnavailable, "down", act_on({"do": "ask"})), http={"/wish": put})
    assert other is put


def test_a_failing_script_shows_its_own_lines_too(both):
    """After those of the connector that asked."""

    def answer(sent):
        return {}[sent.path]

    for error in both(raising(KeyError, "/wish", act_on({"do": "ask"})), http={"/wish": answer}):
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert [name for name in names if name in ("wishes", "ask", "answer")] == ["wishes", "ask", "answer"]


def test_an_undeclared_host_is_refused_alike(both):
    """By whoever sends."""
    both(raising(HostNotDeclared, r"elsewhere\.test", lambda bench: bench.poll("rows")), http={
        "/rows": Response(200, {"Link": '<https://elsewhere.test/>; rel="next"'}, json.dumps(PAGES[0]).encode()),
    })  # fmt: skip


def test_what_the_policy_refuses_fails_the_run(wall, tmp_path, monkeypatch):
    """With the place and the way out."""
    (tmp_path / "reaching.py").write_text(
        "import socket\nfrom levada import Connector\n\nconnector = Connector('reaching')\n\n\n"
        "@connector.check\ndef check():\n    socket.socket()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    bench = ConnectorBench(importlib.import_module("reaching").connector)
    bench.wall = wall
    with pytest.raises(RouteFailed, match=r"policy: reaching\.py:1:8: socket cannot be imported"):
        bench.check()
    del sys.modules["reaching"]


def test_what_cannot_run_there_is_skipped_with_its_reason(wall):
    """A connector that is in no package."""
    connector = Connector("mine")
    connector.check(lambda: None)
    bench = ConnectorBench(connector)
    bench.wall = wall
    with pytest.raises(pytest.skip.Exception, match="'mine' runs in process only"):
        bench.check()


VERIFIED = {
    "standard_webhooks": standard_webhooks("key"),
    "plain hmac": hmac_sha256("X-Signature", secret="key"),
    "slack": hmac_sha256(
        "X-Slack-Signature", secret="key", prefix="v0=", timestamp_header="X-Time", signed="v0:{timestamp}:{body}"
    ),
    "shopify": hmac_sha256("X-Shopify", secret="key", encoding="base64"),
    "stripe": stripe_signature("key"),
    "github": github_signature("key"),
    "bearer": bearer("key"),
    "basic": basic("name", "key"),
    "basic without password": basic("key"),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_the_runtime_takes_what_is_signed_and_nothing_else(wall, name):
    """Of every scheme: the rule's own signature is the runtime's."""
    assert wrongly_taken(wall, VERIFIED[name]) is None


class Config:
    """What a rule asks of pytest: who answers for the wall."""

    def __init__(self, wall):
        self.config = self
        self.hook = self
        self._wall = wall

    def pytest_levada_wall(self, config):
        return self._wall


def rules(tested, **given):
    return type("Rules", (ConnectorConformance,), {"connector": tested, **given})()


def test_a_signature_over_the_timestamp_alone_is_found(wall):
    """The delivery could say anything."""
    connector = Connector("loose", settings=[secret("key"), text("name", default="x")])
    scheme = hmac_sha256("X-Signature", secret="key", timestamp_header="X-Time", signed="{timestamp}")
    connector.webhook("changes", verify=scheme)(lambda request: None)
    with pytest.raises(AssertionError, match="changes takes a delivery with another body than was signed"):
        rules(connector).test_an_unsigned_webhook_is_refused(Config(wall))


def test_the_rules_that_need_the_wall_are_kept_by_a_good_connector(walled, wall):
    """Its source compiles, its deliveries must be signed, and it does the same on both sides."""
    tested = rules(walled.connector, http=SCRIPT, webhooks={"wishes": [{"do": "ask"}, b'{"do": "nothing"}']})
    tested.test_the_source_compiles_under_the_policy(Config(wall))
    tested.test_an_unsigned_webhook_is_refused(Config(wall))
    tested.test_routes_do_the_same_behind_the_wall(Config(wall))


def test_a_route_that_does_something_else_behind_the_wall_is_found(wall, tmp_path, monkeypatch):
    """Such as one that counts its runs in its module, of which every run has a fresh one there."""
    (tmp_path / "counting.py").write_text(
        "from levada import Connector\n\nconnector = Connector('counting', hosts=['a.test'])\nruns = []\n\n\n"
        "@connector.poll('rows', every='@hourly')\ndef rows(http):\n    '''Count.'''\n"
        "    runs.append(1)\n    http.get('/rows', params={'run': len(runs)})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    counting = importlib.import_module("counting")
    counting.runs.append(0)
    with pytest.raises(AssertionError, match="the poll route of rows does something else behind the wall"):
        rules(counting.connector, http={"/rows": []}).test_routes_do_the_same_behind_the_wall(Config(wall))
    del sys.modules["counting"]
