"""Running a connector in process."""

from datetime import UTC, datetime

import pytest

from levada import (
    AuthFailed,
    Checkpoint,
    Connector,
    Entity,
    Graph,
    HostNotDeclared,
    Http,
    Ingest,
    InvalidDefinition,
    Reply,
    Response,
    SecretNotExposed,
    SourceUnavailable,
    from_setting,
    secret,
    unverified,
    url,
)
from levada.testing import Pages, UnscriptedRequest
from levada.testing.attempt import PageLost


def test_customers_resume_after_the_last_page(acme, connector_run):
    """The example of the documentation, as it stands there."""
    row = {"id": 7, "name": " Ada ", "email": "a@b.co", "updated_at": "2026-01-01T00:00:00Z"}
    bench = connector_run(acme, http={"/customers": [row]})
    run = bench.poll("customers")
    assert run.documents["acme:customer:7"]["name"] == "Ada"
    assert run.requests[0].params == {}
    assert bench.poll("customers").requests[0].params["since"] == "2026-01-01T00:00:00Z"


def test_a_run_tells_what_it_did(acme, paged, connector_run):
    """Pages, requests, batches, log lines and the checkpoint are all there."""
    run = connector_run(acme, http=paged).poll("customers")
    assert len(run.documents) == 5
    assert [request.path for request in run.requests] == ["/customers"] * 3
    assert run.requests[0].url == "https://api.acme.test/customers"
    assert [batch.created for batch in run.batches] == [2, 2, 1]
    assert [line.fields for line in run.logs] == [{"rows": 2, "created": 2}] * 2 + [{"rows": 1, "created": 1}]
    assert run.checkpoint == {"since": "2026-01-05T00:00:00Z"}
    assert run.pages == 4
    assert not run.killed


def test_documents_and_checkpoints_are_kept_between_runs(acme, paged, connector_run):
    """The second run finds what the first one left."""
    bench = connector_run(acme, http=paged)
    bench.poll("customers")
    again = bench.poll("customers")
    assert [batch.unchanged for batch in again.batches] == [2, 2, 1]
    assert bench.checkpoint("customers") == {"since": "2026-01-05T00:00:00Z"}
    assert len(bench.documents) == 5


def test_failed_records_are_in_the_run(acme, connector_run):
    """Quarantine is the run's own."""
    bench = connector_run(acme, http={"/customers": [{"id": 1, "name": "", "updated_at": "2026-01-01T00:00:00Z"}]})
    run = bench.poll("customers")
    assert [failed.reason for failed in run.failed_records] == ["validation_failed"]
    assert bench.poll("customers").failed_records[0].index == 0
    assert len(bench.ingest.quarantine) == 2


@pytest.mark.parametrize(
    "asks",
    [
        lambda _ingest, checkpoint, _graph: checkpoint.save(at=1),
        lambda ingest, _checkpoint, _graph: ingest.canonical("customer", {}, idempotency_key="a"),
        lambda ingest, _checkpoint, _graph: ingest.retire("customer", idempotency_key="a"),
        lambda _ingest, _checkpoint, graph: graph.sync([], scope="hosts"),
        lambda _ingest, _checkpoint, graph: graph.write([Entity("host", "a")]),
    ],
    ids=["saves", "hands-over", "retires", "syncs", "writes"],
)
def test_what_tells_a_key_may_ask_the_source_and_nothing_else(asks, connector_run):
    """As behind the wall: what is done in the middle of a call fails its record alone, and says the way out."""

    def rows(http: Http, ingest: Ingest, checkpoint: Checkpoint, graph: Graph) -> None:
        """Customers whose keys are asked for."""

        def key(row):
            told = http.get("/key").json
            return asks(ingest, checkpoint, graph) if row["customer_id"] == "1" else told + row["customer_id"]

        given = [{"customer_id": one, "name": "Ada", "updated_at": "2026-01-01T00:00:00Z"} for one in ("1", "2", "3")]
        ingest.batch("customer", given, idempotency_key=key, continue_on_error=True)

    run = connector_run(
        poller(rows, hosts=["api.acme.test"]), http={"/key": Response(200, content=b'"acme:customer:"')}
    ).poll("rows")
    assert set(run.documents) == {"acme:customer:2", "acme:customer:3"}
    assert [one.reason for one in run.failed_records] == ["idempotency_key_missing"]
    assert "ConnectorMistake: what tells a record's key" in run.failed_records[0].message
    assert (run.pages, run.retired, run.syncs, run.writes) == (1, (), (), ())


def test_a_killed_run_keeps_its_committed_pages(acme, paged, connector_run):
    """What was committed is kept, what was not is gone."""
    bench = connector_run(acme, http=paged)
    run = bench.poll("customers", kill_after=1)
    assert run.killed
    assert len(run.documents) == 2
    assert run.checkpoint == {"since": "2026-01-02T00:00:00Z"}


def test_a_lost_page_is_raised_and_dropped(acme, paged, connector_run):
    """The route sees the failure, and the checkpoint stays where it was."""
    bench = connector_run(acme, http=paged)
    with pytest.raises(PageLost):
        bench.poll("customers", lose_page=2)
    assert len(bench.documents) == 2
    assert bench.checkpoint("customers") == {"since": "2026-01-02T00:00:00Z"}


def test_observation_keeps_nothing(acme, paged, connector_run):
    """Answers are given, and nothing is there afterwards."""
    run = connector_run(acme, http=paged).poll("customers", observe=True)
    assert [batch.status for batch in run.batches] == ["observed"] * 3
    assert [batch.created for batch in run.batches] == [2, 2, 1]
    assert not run.documents
    assert run.checkpoint == {}


def test_a_backfill_window_has_its_own_checkpoint(acme, paged, connector_run):
    """Slices do not move one another, nor the poll."""
    bench = connector_run(acme, http=paged)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
    run = bench.backfill("customers", start, end)
    assert len(run.documents) == 5
    assert run.requests[0].params == {"from": start.isoformat(), "to": end.isoformat()}
    assert bench.checkpoint("customers") == {}


def test_a_window_that_was_cut_short_goes_on_and_one_that_is_through_begins_again(connector_run):
    """Its checkpoint serves for as long as the window is not through."""
    connector = Connector("yearly")
    seen = []

    @connector.backfill("rows")
    def rows(window, checkpoint):
        """Rows of a window."""
        seen.append(checkpoint.get("at"))
        checkpoint.save(at=window.start.isoformat())

    bench = connector_run(connector)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
    assert bench.backfill("rows", start, end, kill_after=1).killed
    assert bench.backfill("rows", start, end).checkpoint == {"at": start.isoformat()}
    bench.backfill("rows", start, end, observe=True)
    bench.backfill("rows", start, end)
    assert seen == [None, start.isoformat(), None, None]


def test_a_delivery_is_handed_to_its_route(acme, connector_run):
    """Its signature is taken for verified."""
    payment = {"source_id": "p1", "amount": "5.00", "currency": "EUR", "status": "settled"}
    run = connector_run(acme).webhook("events", json={"payment": payment})
    assert run.documents["payment", "acme:payment:p1"]["amount"] == "5.00"


def test_a_reply_is_in_the_run(connector_run):
    """What a source would be answered."""
    connector = Connector("acme")

    @connector.webhook("asked", verify=unverified(reason="a test"), reply=True)
    def asked(request):
        """Answer."""
        return Reply(200, {"got": request.headers["x-one"], "id": request.delivery_id, "q": request.params["q"]})

    run = connector_run(connector).webhook(
        "asked", body=b"", headers={"X-One": "1"}, params={"q": "2"}, delivery_id="3"
    )
    assert run.reply == Reply(200, {"got": "1", "id": "3", "q": "2"})


def test_the_check_runs(acme, connector_run):
    """It passes or raises what it raises."""
    connector_run(acme, http={"/account": {}}).check()
    with pytest.raises(AuthFailed):
        connector_run(acme, http={"/account": Response(401)}).check()
    with pytest.raises(InvalidDefinition, match="no check"):
        connector_run(Connector("acme")).check()


def poller(route, **what):
    connector = Connector("acme", **what)
    connector.poll("rows", every="@hourly")(route)
    return connector


def test_scripts_answer_in_many_ways(connector_run):
    """Bodies, pages, responses, errors and functions, by path, verb or whole URL."""
    seen = []

    def route(http):
        """Ask."""
        seen.append(http.get("/body").json)
        seen.extend(http.pages("/wrapped"))
        seen.append(http.post("/echo", json={"a": 1}).json)
        seen.append(http.get("https://other.acme.test/x", params={"q": [1, 2]}).json)
        seen.append(http.get("/teapot").status)
        http.get("/down")

    script = {
        "/body": {"a": [1]},
        "/wrapped": Pages({"data": [1]}, {"data": [2]}),
        "POST /echo": lambda request: {"got": request.json},
        "https://other.acme.test/x": lambda request: request.params["q"],
        "/teapot": Response(418),
        "/down": SourceUnavailable("down"),
    }
    bench = connector_run(poller(route, hosts=["api.acme.test", "*.acme.test"]), http=script)
    with pytest.raises(SourceUnavailable, match="down"):
        bench.poll("rows")
    assert seen == [{"a": [1]}, [1], [2], {"got": {"a": 1}}, ["1", "2"], 418]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "http://api.acme.test/",
        "https://api.acme.test:8443/",
        "https://a.b.acme.test/",
        "https://acme.test/",
        "https://api.acme.test@evil.test/",
    ],
)
def test_only_declared_hosts_answer(connector_run, address):
    """The name, over https, and one label for a star."""
    bench = connector_run(poller(lambda http: http.get(address), hosts=["api.acme.test", "*.acme.test"]))
    with pytest.raises(HostNotDeclared):
        bench.poll("rows")


def test_a_host_may_come_from_a_setting(connector_run):
    """Self-hosted sources are where the operator says, scheme and port and all."""
    connector = poller(lambda http: http.get("/v1/x"), hosts=[from_setting("base")], settings=[url("base")])
    base = "http://127.0.0.1:8420"
    run = connector_run(connector, settings={"base": base}, http={"/v1/x": {}}).poll("rows")
    assert run.requests[0].url == "http://127.0.0.1:8420/v1/x"
    assert connector_run(connector, http={"/v1/x": {}}).poll("rows").requests[0].url == "https://base.test/v1/x"
    with pytest.raises(InvalidDefinition, match="bass"):
        connector_run(connector, settings={"bass": base})


def test_a_script_without_an_answer_says_so(acme, connector_run):
    """A test that forgot a path fails as a test, not as a source."""
    with pytest.raises(UnscriptedRequest, match="did you mean '/customer'"):
        connector_run(acme, http={"/customer": []}).poll("customers")


def test_settings_secrets_and_the_run_are_injected(connector_run):
    """Defaults are filled in, secrets only where exposed."""
    seen = {}

    def route(settings, secrets, run, now):
        """Look."""
        seen.update(settings=dict(settings), shown=secrets["shown"], run=run, now=now)
        secrets["key"]

    connector = poller(
        route, settings=[url("base", default="https://a.test"), secret("key"), secret("shown", expose=True)]
    )
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with pytest.raises(SecretNotExposed):
        connector_run(connector, secrets={"shown": "s", "key": "k"}, now=noon).poll("rows")
    assert (seen["settings"], seen["shown"], seen["now"]) == ({"base": "https://a.test"}, "s", noon)
    assert (seen["run"].mode, seen["run"].observing, seen["run"].attempt) == ("poll", False, 1)


def test_partitions_are_told_apart(connector_run):
    """Each has its own values in the run's result."""

    def route(checkpoint, ingest):
        """Two accounts."""
        for account in ("a", "b"):
            part = checkpoint.partition(account=account)
            part.save(seen=(part.get("seen") or 0) + 1)

    bench = connector_run(poller(route))
    bench.poll("rows")
    assert bench.poll("rows").checkpoints == {'{"account":"a"}': {"seen": 2}, '{"account":"b"}': {"seen": 2}}
