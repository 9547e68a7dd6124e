"""Refused records are taken once more in runs of their own, with their keys and times as they were told."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from levada import Draft, Failure
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import row_id
from levada_runtime.ingest.acceptance import Acceptances
from levada_runtime.ingest.gates import Problem
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.quarantine import Meant, QuarantineLibrary
from levada_runtime.ingest.reasons import Reason
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.replays import Replays
from levada_runtime.runs.views import RunLibrary
from levada_runtime.store.model import ConnectionRow, OrgRow

ORG = OrgRow(1, "default", datetime(2026, 1, 1, tzinfo=UTC))
ALL = Meant(everything=True)


class Barrier:
    """A gate that refuses everything while it is down; what is mended in these tests is that it goes up."""

    def __init__(self):
        self.down = True

    def problems(self, _uow, _origin, arrivals):
        told = Problem(Reason.PERIOD_CLOSED, "the period is closed")
        return dict.fromkeys(range(len(arrivals)), told) if self.down else {}


class Bench:
    """A store with the connection `acme`, what was refused of it, and what replays that."""

    def __init__(self, store, clock):
        self.store, self.clock, self.barrier = store, clock, Barrier()
        self.replays = Replays(store, clock, Registry(), [self.barrier])
        self.quarantine = QuarantineLibrary(store)
        self.library, self.runs = Library(store), RunLibrary(store)
        self.acceptances = Acceptances(store, clock, Registry())
        self.connection = self.connect("acme")
        self._calls = 0

    def connect(self, name, **more):
        now = self.clock.now()
        row = ConnectionRow(ORG.id, row_id(), f"uid-{name}", name, "acme", {}, "live", "active", None, now, now)
        with self.store.write() as uow:
            uow.connections.add(row)
            if more:
                uow.connections.change(ORG.id, row.id, now, **more)
        return row

    def send(self, *drafts, connection=None, stream="customers", kind="customer"):
        """Hand drafts over in one run and commit what comes of them."""
        at = connection or self.connection
        origin = Origin("default", 1, at.name, at.id, at.uid, "acme", "1", stream, "run-1", 1, "poll", None)
        ingest = Ingest(self.store, Registry(), origin, gates=[self.barrier])
        ingest.emit(0, stream, kind, drafts, continue_on_error=True, last=True)
        self.clock.pass_time(minutes=1)
        with self.store.write() as uow:
            ingest.write(uow, self.clock.now())
        self.clock.pass_time(minutes=1)

    def mend(self):
        self.barrier.down = False

    def replay(self, *ids, **meant):
        self.clock.pass_time(minutes=1)
        return self.replays.replay(ORG, Meant(ids, **meant) if ids or meant else ALL)

    def refused(self, **meant):
        return self.quarantine.page(ORG, Meant(**meant), limit=1000).items

    def documents(self):
        return {one["idempotency_key"]: one for one in self.library.documents(ORG, limit=1000).items}

    def count(self, table):
        with self.store.engine.connect() as connection:
            return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


@pytest.fixture
def bench(store, clock):
    return Bench(store, clock)


def draft(number, *, key=None, source_id=None, fixed=False, time=None, failure=None, **fields):
    payload = {"customer_id": str(number), "name": f"Customer {number}", **fields}
    return Draft(
        payload=None if failure else json.dumps(payload).encode(),
        idempotency_key=key or f"k:{number}",
        source_id=source_id,
        source_time=time,
        failure=failure,
        source_id_fixed=fixed,
    )


def test_a_mended_record_becomes_a_document_in_a_run_of_its_own(bench):
    """The run is of the mode replay, with its counts; the record says which run took it, and is there once."""
    moment = bench.clock.now() - timedelta(days=1)
    bench.send(draft(1, source_id="own", time=moment), draft(2))
    first = bench.refused()[-1]
    bench.mend()
    done = bench.replay(first["id"])
    assert (done["replayed"], done["still_refused"], done["refused"]) == (1, 0, [])
    (run_id,) = done["runs"]
    run = bench.runs.run(ORG, run_id)
    assert (run["mode"], run["state"], run["stream"], run["connection"]) == ("replay", "succeeded", "customers", "acme")
    assert (run["counts"]["created"], run["counts"]["failed"], run["pages"]) == (1, 0, 1)
    document = bench.documents()["k:1"]
    assert (document["source_id"], document["provenance"]["run"]) == ("own", run_id)
    assert document["provenance"]["mode"] == "replay"
    taken = bench.quarantine.get(ORG, first["id"])
    assert (taken["state"], taken["replayed_by"], taken["source_time"]) == ("replayed", run_id, moment.isoformat())
    assert [one["idempotency_key"] for one in bench.refused()] == ["k:2"]
    assert bench.count("quarantine") == 2
    bench.send(draft(1, name="older", time=moment - timedelta(days=1)))
    assert bench.documents()["k:1"]["payload"]["name"] == "Customer 1"


def test_a_record_that_is_refused_again_stays_open_with_what_is_wrong_now(bench):
    """Its reason is today's, it is counted, and the run's log and counts tell of it."""
    bench.send(draft(1, balance=1), draft(2))
    bench.barrier.down = True
    before = {one["idempotency_key"]: one for one in bench.refused()}
    bench.mend()
    done = bench.replay()
    assert (done["replayed"], done["still_refused"]) == (1, 1)
    assert done["refused"][0]["id"] == before["k:1"]["id"]
    run = bench.runs.run(ORG, done["runs"][0])
    assert (run["state"], run["counts"]["by_reason"]) == ("partial", {"validation_failed": 1})
    (line,) = bench.runs.logs(ORG, run["id"])
    assert (line["level"], line["fields"]["idempotency_key"]) == ("warning", "k:1")
    bench.barrier.down = True
    bench.send(draft(3))
    done = bench.replay(reason="period_closed")
    run = bench.runs.run(ORG, done["runs"][0])
    assert (run["state"], run["reason"], done["replayed"]) == ("failed", "still_refused", 0)
    found = {one["idempotency_key"]: one for one in bench.refused()}
    assert (found["k:3"]["times"], found["k:3"]["state"]) == (2, "open")
    assert found["k:1"]["errors"][0]["path"] == "balance"


def test_what_is_wrong_now_replaces_what_was_wrong_then(bench):
    """A record whose type was unknown and is known now may fail its contract."""
    bench.send(draft(1, balance=1), kind="client")
    with bench.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE quarantine SET document_type = 'customer'")
    assert bench.refused()[0]["reason"] == "unknown_document_type"
    bench.replay()
    assert (bench.refused()[0]["reason"], bench.refused()[0]["errors"][0]["path"]) == ("validation_failed", "balance")
    assert bench.count("quarantine") == 1


def test_records_are_meant_by_what_they_have_in_common(bench):
    """Connection, stream, type, reason and state narrow lists, counts, replays and discards alike."""
    other = bench.connect("other")
    bench.send(draft(1), draft(2, balance=1))
    bench.send(draft(3), stream="archive")
    bench.send(draft(4), connection=other)
    bench.send(draft(5), kind="client")
    keys = lambda **meant: sorted(one["idempotency_key"] for one in bench.refused(**meant))  # noqa: E731 - a short name
    assert keys(connection="acme") == ["k:1", "k:2", "k:3", "k:5"]
    assert keys(stream="archive") == ["k:3"]
    assert keys(document_type="client") == ["k:5"]
    assert keys(reason="validation_failed") == ["k:2"]
    assert keys(connection="acme", stream="customers", reason="period_closed") == ["k:1"]
    assert bench.quarantine.by_reason(ORG, Meant()) == {
        "period_closed": 3,
        "unknown_document_type": 1,
        "validation_failed": 1,
    }
    bench.mend()
    assert bench.replay(connection="other")["replayed"] == 1
    assert bench.quarantine.discard_many(ORG, Meant(reason="validation_failed")) == 1
    assert keys() == ["k:1", "k:3", "k:5"]
    assert (keys(state="replayed"), keys(state="discarded")) == (["k:4"], ["k:2"])
    assert len(keys(state="all")) == 5
    done = bench.replay(reason="period_closed", connection="acme")
    assert (done["replayed"], len(done["runs"])) == (2, 2)
    assert {bench.runs.run(ORG, one)["stream"] for one in done["runs"]} == {"customers", "archive"}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("meant", "code"),
    [
        (Meant(), "nothing_meant"),
        (Meant(("1",), connection="acme"), "nothing_meant"),
        (Meant(state="replayed"), "record_state"),
        (Meant(reason="no_reason"), "unknown_reason"),
        (Meant(state="lost"), "record_state"),
    ],
    ids=["nothing", "both", "replayed", "no-reason", "no-state"],
)
def test_it_has_to_be_said_which_records_are_meant(bench, meant, code):
    """Nothing is done by accident, and a word that means nothing is refused."""
    for act in (bench.replays.replay, bench.quarantine.discard_many):
        with pytest.raises(UsageFailure) as refused:
            act(ORG, meant)
        assert refused.value.code == code


@pytest.mark.databases("sqlite")
def test_a_record_that_is_not_there_or_was_replayed_is_named(bench):
    """And nothing is done to the others that were named with it."""
    bench.send(draft(1), draft(2))
    bench.mend()
    first, second = bench.refused()
    bench.replay(first["id"])
    for act in (bench.replay, lambda *ids: bench.quarantine.discard_many(ORG, Meant(ids))):
        with pytest.raises(UsageFailure, match="was replayed"):
            act(second["id"], first["id"])
        with pytest.raises(NotFoundFailure, match="'12'"):
            act(second["id"], "12")
    with pytest.raises(UsageFailure, match="was replayed"):
        bench.quarantine.discard(ORG, first["id"])
    with pytest.raises(NotFoundFailure):
        bench.replays.replay(OrgRow(2, "theirs", bench.clock.now()), Meant((second["id"],)))
    assert bench.refused() == [second]
    assert bench.quarantine.discard_many(ORG, Meant((second["id"],))) == 1
    assert bench.replay(second["id"])["replayed"] == 1


def test_what_is_no_json_is_told_so_again(bench):
    """There is nothing to take; it stays open for the run that brings it anew."""
    bench.send(draft(1, failure=Failure("not_json", "a NaN", "balance")))
    done = bench.replay()
    assert (done["still_refused"], done["refused"][0]["reason"]) == (1, "not_json")
    assert bench.refused()[0]["errors"][0]["path"] == "balance"


def test_older_data_is_not_put_back(bench):
    """A record whose document was written since it was refused is left alone, unless it tells when it was true."""
    moment = bench.clock.now()
    bench.send(draft(1, name="old"), draft(2, name="old", updated_at=moment.isoformat()))
    bench.mend()
    bench.send(draft(1, name="new"), draft(2, name="new", updated_at=(moment + timedelta(hours=1)).isoformat()))
    done = bench.replay()
    assert (done["replayed"], [one["reason"] for one in done["refused"]]) == (1, ["overtaken"])
    assert {key: one["payload"]["name"] for key, one in bench.documents().items()} == {"k:1": "new", "k:2": "new"}
    assert [one["idempotency_key"] for one in bench.refused()] == ["k:1"]


def test_an_accepted_scheme_is_replayed(bench):
    """The documents that were refused their new keys take them; the replay needs no run of the connector."""
    bench.mend()
    bench.send(draft(1), draft(2), draft(3))
    before = bench.documents()
    bench.send(draft(1, key="n:1"), draft(2, key="n:2", name="Ada"))
    assert bench.replay()["still_refused"] == 2
    told = bench.acceptances.accept(ORG, "acme", "customers")
    assert (told["document_types"], told["refused"]) == (["customer"], 2)
    assert bench.replay(reason="idempotency_scheme_changed")["replayed"] == 2
    after = bench.documents()
    assert set(after) == {"n:1", "n:2", "k:3"}
    assert after["n:2"]["id"] == before["k:2"]["id"]
    assert after["n:2"]["payload"]["name"] == "Ada"
    bench.send(draft(3, key="n:3"))
    assert set(bench.documents()) == {"n:1", "n:2", "n:3"}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("other", "customers", None), NotFoundFailure, None),
        (("acme", "custmers", None), UsageFailure, "customers: customer"),
        (("acme", "customers", "vendor"), UsageFailure, "customers: customer"),
        (("acme", "customers", "custmer"), NotFoundFailure, "'customer'"),
    ],
)
def test_a_scheme_is_accepted_where_there_are_documents(bench, words, error, hint):
    """A misspelt word is refused with what there is."""
    bench.mend()
    bench.send(draft(1))
    with pytest.raises(error) as refused:
        bench.acceptances.accept(ORG, *words)
    assert hint is None or hint in refused.value.hint
    assert bench.count("idempotency_schemes") == 0


@pytest.mark.databases("sqlite")
def test_a_fan_out_is_replayed_together(bench):
    """Records that shared an id at the source in one call do not stand in each other's way; a fixed one never did."""
    bench.send(draft(1, key="a", source_id="x"), draft(2, key="b", source_id="x"))
    bench.send(draft(3, key="c", source_id="y", fixed=True))
    bench.send(draft(4, key="d", source_id="y", fixed=True))
    bench.mend()
    assert bench.replay()["replayed"] == 4


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("changed", "told"), [({"state": "removed"}, "removed"), ({"mode": "observe"}, "observes")])
def test_nothing_is_written_for_a_connection_that_is_gone_or_only_observes(bench, changed, told):
    """Its records stay, and it is said why."""
    bench.send(draft(1))
    bench.mend()
    with bench.store.write() as uow:
        uow.connections.change(ORG.id, bench.connection.id, bench.clock.now(), **changed)
    done = bench.replay()
    assert (done["still_refused"], done["runs"]) == (1, [])
    assert told in done["refused"][0]["message"]
    assert (bench.documents(), len(bench.refused())) == ({}, 1)


def test_many_are_replayed_in_parts_of_one_run(bench, monkeypatch):
    """Each part is a transaction that is whole by itself: what one that fails leaves behind is a run that ended."""
    monkeypatch.setattr("levada_runtime.runs.replays._AT_ONCE", 4)
    bench.send(*(draft(number) for number in range(10)))
    bench.mend()
    written = Ingest.write

    def fail_late(ingest, uow, at):
        counts = written(ingest, uow, at)
        if bench.count("documents") == 8:
            raise KeyError("lost")
        return counts

    monkeypatch.setattr(Ingest, "write", fail_late)
    with pytest.raises(KeyError):
        bench.replay()
    assert (len(bench.documents()), len(bench.refused())) == (8, 2)
    (run,) = bench.runs.runs(ORG, connection=None, state=None, limit=10, cursor=None).items
    assert (run["state"], run["counts"]["created"], run["pages"]) == ("succeeded", 8, 2)
    monkeypatch.setattr(Ingest, "write", written)
    assert bench.replay()["replayed"] == 2
    assert bench.count("versions") == bench.count("events") == 10


@pytest.mark.databases("sqlite")
def test_a_request_replays_no_more_than_it_may(bench):
    """The rest waits for the next one."""
    bench.send(*(draft(number) for number in range(5)))
    bench.mend()
    assert [bench.replays.replay(ORG, ALL, 3)["replayed"] for _ in range(3)] == [3, 2, 0]
