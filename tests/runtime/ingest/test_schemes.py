"""Law 7 against the real store: a source whose keys are spelt anew is refused, until an operator accepts the scheme."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from levada import Draft, RecordError
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest.gates import Problem
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.quarantine import Meant, QuarantineLibrary
from levada_runtime.ingest.reasons import RETRYABLE, Reason
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.model import OrgRow

ORG = OrgRow(1, "default", datetime(2026, 1, 1, tzinfo=UTC))
ORIGIN = Origin(
    org="default",
    org_id=1,
    connection="acme",
    connection_id=2,
    connection_uid="uid",
    connector="acme",
    connector_version="1",
    stream="customers",
    run_id="run-1",
    attempt=1,
    mode="poll",
    scheduled_for=None,
)
SCHEME = "idempotency_scheme_changed"


class Bench:
    """One run after another over a store; a minute passes with each page."""

    def __init__(self, store, clock, gates=()):
        self.store, self.clock, self.gates = store, clock, gates
        self.library = Library(store)
        self.ingest = self.new_run()
        self._calls = 0

    def new_run(self, origin=ORIGIN, **how):
        return Ingest(self.store, Registry(), origin, gates=self.gates, **how)

    def emit(self, *drafts, ingest=None, stream="customers", kind="customer", whole=False, frames=None):
        """Hand drafts over in one call, in frames of so many; the outcomes by place, or the reasons."""
        self._calls += 1
        size = frames or len(drafts)
        parts = [drafts[at : at + size] for at in range(0, len(drafts), size)]
        for at, part in enumerate(parts, 1):
            answer = (ingest or self.ingest).emit(
                self._calls, stream, kind, part, continue_on_error=not whole, last=at == len(parts)
            )
        told = {one.place: str(one.outcome) for one in answer.accepted} if not answer.refused else {}
        told |= {one.index: str(one.reason) for one in answer.rejected}
        assert [one.place for one in answer.accepted] == sorted(one.place for one in answer.accepted)
        return [told.get(at) for at in range(len(drafts))]

    def commit(self, ingest=None):
        given = ingest or self.ingest
        self.clock.pass_time(minutes=1)
        with self.store.write() as uow:
            counts = given.write(uow, self.clock.now()).merged_into({})
        given.clear()
        return counts

    def sent(self, *drafts, **how):
        """Hand drafts over in one call and commit them."""
        told = self.emit(*drafts, **how)
        self.commit()
        return told

    def accept(self, stream="customers", kind="customer"):
        self.clock.pass_time(minutes=1)
        with self.store.write() as uow:
            uow.schemes.accept(ORIGIN.scope, stream, kind, self.clock.now())
        self.clock.pass_time(minutes=1)

    def documents(self):
        return {one["idempotency_key"]: one for one in self.library.documents(ORG, retired=True, limit=1000).items}

    def refused(self):
        return QuarantineLibrary(self.store).page(ORG, Meant(), limit=100).items

    def table_counts(self):
        with self.store.engine.connect() as connection:
            names = ("documents", "versions", "events", "quarantine")
            return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in names}


@pytest.fixture
def bench(store, clock):
    return Bench(store, clock)


def draft(key, number=1, *, source_id=None, fixed=False, **fields):
    payload = {"customer_id": str(number), "name": f"Customer {number}", **fields}
    return Draft(
        payload=json.dumps(payload).encode(),
        idempotency_key=key,
        source_id=source_id,
        source_time=None,
        failure=None,
        source_id_fixed=fixed,
    )


def test_a_record_known_under_another_key_is_refused_and_told_the_way_out(bench):
    """Both keys and the command that accepts the scheme are in the message; its neighbours are taken."""
    bench.sent(draft("old:1", 1), draft("old:2", 2))
    assert bench.sent(draft("new:1", 1), draft("old:2", 2), draft("new:3", 3)) == [SCHEME, "unchanged", "created"]
    assert set(bench.documents()) == {"old:1", "old:2", "new:3"}
    (refused,) = bench.refused()
    assert (refused["reason"], refused["idempotency_key"], refused["source_id"]) == (SCHEME, "new:1", "1")
    for told in ("'old:1'", "'new:1'", "runtime streams accept-scheme acme customers --type customer"):
        assert told in refused["message"]


def test_a_call_that_is_all_or_nothing_keeps_nothing_of_a_changed_scheme(bench):
    """Every record at fault is named, those that do not fit their contract among them, and nothing is staged."""
    bench.sent(draft("old:1", 1))
    told = bench.emit(draft("new:1", 1), draft("new:2", 2), draft("new:3", 3, name=7), whole=True)
    assert told == [SCHEME, None, "validation_failed"]
    bench.commit()
    assert set(bench.documents()) == {"old:1"}


def test_a_call_that_is_refused_takes_no_document_over(bench):
    """What was accepted is still to come when the call is mended."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    bench.emit(draft("new:1", 1), draft("new:2", 2, name=7), whole=True)
    bench.commit()
    assert set(bench.documents()) == {"old:1"}
    assert bench.sent(draft("new:1", 1), whole=True) == ["unchanged"]
    assert set(bench.documents()) == {"new:1"}


def test_records_of_one_call_are_not_held_against_each_other(bench):
    """Several documents may come of one record at the source, now and later on."""
    assert bench.sent(draft("a", 1), draft("b", 1)) == ["created", "created"]
    assert bench.sent(draft("a", 1), draft("b", 1), draft("c", 1)) == ["unchanged", "unchanged", "created"]


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_call_is_one_however_many_frames_it_comes_in(bench, frames):
    """A key that is in doubt waits for the rest of its call; the answers are in the order of the records."""
    bench.sent(draft("a", 1), draft("z", 9))
    told = bench.emit(
        draft("b", 1),
        draft("y", 9),
        draft("n", 5),
        draft("b", 1, name="Bo"),
        draft("a", 1),
        draft("m", 6, name=1),
        frames=frames,
    )
    bench.commit()
    assert told == ["created", SCHEME, "created", "updated", "unchanged", "validation_failed"]
    assert {key: one["version"] for key, one in bench.documents().items()} == {"a": 1, "z": 1, "b": 2, "n": 1}


def test_a_fixed_source_id_says_nothing_of_a_record(bench):
    """A delivery that fans out names itself as the source of every document, in as many calls as it likes."""
    for number in range(3):
        one = draft(f"delivery:{number}", number, source_id="delivery-1", fixed=True)
        assert bench.sent(one) == ["created"]
    assert bench.sent(draft("told", 7, source_id="delivery-1")) == [SCHEME]


def test_the_calls_of_one_page_are_held_against_each_other(bench):
    """A page that is not committed yet counts as much as one that is."""
    assert bench.emit(draft("old:1", 1)) == ["created"]
    assert bench.emit(draft("new:1", 1)) == [SCHEME]
    assert bench.emit(draft("old:1", 1, name="Ada")) == ["updated"]
    assert bench.commit()["failed"] == 1


def test_another_stream_another_type_and_another_connection_are_others(bench):
    """The scheme belongs to one document type of one stream of one connection."""
    bench.sent(draft("old:1", 1))
    assert bench.sent(draft("new:1", 1), stream="archive") == ["created"]
    vendor = draft("new:1")._replace(payload=json.dumps({"source_id": "1", "name": "V"}).encode())
    assert bench.sent(vendor, kind="vendor") == ["created"]
    elsewhere = bench.new_run(replace(ORIGIN, connection_id=3))
    assert bench.emit(draft("new:9", 1), ingest=elsewhere) == ["created"]


def test_a_retired_document_still_has_its_key(bench):
    """Its record coming back under another key is no new record either; a retirement itself is never refused."""
    bench.sent(draft("old:1", 1))
    bench.ingest.retire("customers", "customer", "old:1", None)
    assert str(bench.ingest.retire("customers", "customer", "new:1", None).outcome) == "unchanged"
    bench.commit()
    assert bench.sent(draft("new:1", 1)) == [SCHEME]
    bench.accept()
    assert bench.sent(draft("new:1", 1)) == ["updated"]
    assert {key: one["retired_at"] for key, one in bench.documents().items()} == {"new:1": None}


def test_an_accepted_scheme_keys_the_documents_anew(bench):
    """The document is the same, with all its versions; nothing is imported a second time and nobody is told of it."""
    bench.sent(draft("old:1", 1), draft("old:2", 2))
    before = bench.documents()
    bench.accept()
    assert bench.sent(draft("new:1", 1), draft("new:2", 2, name="Ada")) == ["unchanged", "updated"]
    after = bench.documents()
    assert [after[key]["id"] for key in ("new:1", "new:2")] == [before[key]["id"] for key in ("old:1", "old:2")]
    assert (len(after), after["new:2"]["version"], after["new:2"]["payload"]["name"]) == (2, 2, "Ada")
    assert bench.table_counts() == {"documents": 2, "versions": 3, "events": 3, "quarantine": 0}
    assert bench.sent(draft("new:1", 1), draft("new:2", 2, name="Ada")) == ["unchanged", "unchanged"]


def test_a_second_change_is_refused_until_it_is_accepted_too(bench):
    """An acceptance counts for keys that are older than it; also the way back is a change."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    bench.sent(draft("new:1", 1))
    assert bench.sent(draft("newer:1", 1)) == [SCHEME]
    assert bench.sent(draft("old:1", 1)) == [SCHEME]
    bench.accept()
    assert bench.sent(draft("newer:1", 1)) == ["unchanged"]
    assert set(bench.documents()) == {"newer:1"}


def test_documents_made_after_the_acceptance_are_not_keyed_anew(bench):
    """It is no licence for whatever comes later."""
    bench.accept()
    bench.sent(draft("old:1", 1))
    assert bench.sent(draft("new:1", 1)) == [SCHEME]


def test_an_acceptance_is_for_one_stream_and_type(bench):
    """What is accepted elsewhere does not count here."""
    bench.sent(draft("old:1", 1))
    bench.accept(stream="archive")
    bench.accept(kind="vendor")
    assert bench.sent(draft("new:1", 1)) == [SCHEME]


def test_keys_are_taken_over_within_the_page(bench):
    """Once a record has taken a document over, the old key is a new one, and drift in its turn."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    assert bench.emit(draft("old:1", 1, name="Ada")) == ["updated"]
    assert bench.emit(draft("new:1", 1, name="Bo")) == ["updated"]
    assert bench.emit(draft("new:1", 1, name="Cy")) == ["updated"]
    assert bench.emit(draft("old:1", 1)) == [SCHEME]
    bench.commit()
    found = bench.documents()
    assert {key: (one["version"], one["payload"]["name"]) for key, one in found.items()} == {"new:1": (4, "Cy")}


def test_a_freed_key_may_be_taken_by_another_document(bench):
    """The source swaps the keys of two records in two calls; each document keeps its history."""
    bench.sent(draft("a", 1), draft("b", 2))
    before = bench.documents()
    bench.accept()
    assert bench.emit(draft("c", 1)) == ["unchanged"]
    assert bench.emit(draft("a", 2)) == ["unchanged"]
    bench.commit()
    after = bench.documents()
    assert {key: one["id"] for key, one in after.items()} == {"c": before["a"]["id"], "a": before["b"]["id"]}


def test_a_page_that_is_dropped_keys_nothing_anew(bench):
    """Keys change in the transaction of their page, or not at all."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    bench.emit(draft("new:1", 1, name="Ada"))

    class LostError(Exception):
        pass

    def write_and_fail():
        with bench.store.write() as uow:
            bench.ingest.write(uow, bench.clock.now())
            raise LostError

    with pytest.raises(LostError):
        write_and_fail()
    assert {key: one["version"] for key, one in bench.documents().items()} == {"old:1": 1}
    again = bench.new_run()
    assert bench.emit(draft("new:1", 1, name="Ada"), ingest=again) == ["updated"]
    bench.commit(again)
    assert {key: one["version"] for key, one in bench.documents().items()} == {"new:1": 2}


def test_who_commits_second_is_held_to_the_law_then(bench):
    """Two runs answer at once, each by the store as it was; the page that comes second is decided anew."""
    first, second = bench.new_run(), bench.new_run()
    assert bench.emit(draft("old:1", 1), ingest=first) == ["created"]
    assert bench.emit(draft("new:1", 1), draft("new:2", 2), ingest=second) == ["created", "created"]
    assert bench.emit(draft("new:3", 3), ingest=second) == ["created"]
    bench.commit(first)
    assert bench.commit(second)["failed"] == 1
    assert set(bench.documents()) == {"old:1", "new:2", "new:3"}
    assert [one["reason"] for one in bench.refused()] == [SCHEME]


def test_two_runs_that_take_the_same_document_over_do_so_once(bench):
    """Whichever comes first has it; the other is decided anew over that."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    first, second, third = bench.new_run(), bench.new_run(), bench.new_run()
    for run, key in ((first, "new:1"), (second, "new:1"), (third, "other:1")):
        assert bench.emit(draft(key, 1), ingest=run) == ["unchanged"]
    bench.commit(first)
    assert bench.commit(second) == {
        **bench.commit(bench.new_run()),
        "unchanged": 1,
        "by_type": {"customer": {"unchanged": 1}},
    }
    assert bench.commit(third)["failed"] == 1
    assert set(bench.documents()) == {"new:1"}


def test_a_repeat_of_a_document_that_was_keyed_anew_meanwhile_is_refused(bench):
    """It was recognised under a key that is nobody's by the time it is committed."""
    bench.sent(draft("old:1", 1))
    bench.accept()
    slow, fast = bench.new_run(), bench.new_run()
    assert bench.emit(draft("old:1", 1), ingest=slow) == ["unchanged"]
    bench.emit(draft("new:1", 1), ingest=fast)
    bench.commit(fast)
    assert bench.commit(slow)["failed"] == 1
    assert set(bench.documents()) == {"new:1"}


def test_an_observed_run_tells_the_same_and_changes_nothing(bench):
    """Its plan shows the update of the document that would take the key."""
    bench.sent(draft("old:1", 1))
    observing = bench.new_run(observing=True)
    assert bench.emit(draft("new:1", 1), ingest=observing) == [SCHEME]
    bench.accept()
    observing = bench.new_run(observing=True)
    assert bench.emit(draft("old:1", 1, name="Ada"), ingest=observing) == ["updated"]
    observing.clear()
    assert bench.emit(draft("new:1", 1, name="Bo"), ingest=observing) == ["updated"]
    assert bench.emit(draft("old:1", 1), ingest=observing) == [SCHEME]
    assert [one.before and one.before["name"] for one in observing.effects.recorded] == ["Customer 1", "Ada"]
    assert set(bench.documents()) == {"old:1"}


class ClosedPeriod:
    """A gate that refuses what is named after a closed month."""

    closed = "January"

    def problems(self, _uow, _origin, arrivals):
        told = Problem(Reason.PERIOD_CLOSED, f"{self.closed} is closed", (RecordError("name", "closed", "is closed"),))
        return {at: told for at, one in enumerate(arrivals) if json.loads(one.payload)["name"] == self.closed}


def test_a_gate_refuses_a_valid_record_before_it_is_committed(store, clock):
    """The record is told so and quarantined; its neighbours are kept, unless all was meant or nothing."""
    bench = Bench(store, clock, [ClosedPeriod()])
    assert bench.sent(draft("1", 1, name="January"), draft("2", 2)) == ["period_closed", "created"]
    assert bench.sent(draft("3", 3), draft("4", 4, name="January"), whole=True) == [None, "period_closed"]
    assert set(bench.documents()) == {"2"}
    assert {one["reason"] for one in bench.refused()} == {"period_closed"}
    assert bench.refused()[0]["errors"] == [{"path": "name", "code": "closed", "message": "is closed"}]


def test_a_gate_that_closes_meanwhile_is_heard_by_the_commit(store, clock):
    """It is asked again in the committing transaction; what follows on the refused record goes on without it."""
    gate = ClosedPeriod()
    gate.closed = "nothing"
    bench = Bench(store, clock, [gate])
    assert bench.emit(draft("1", 1, name="January"), draft("2", 2)) == ["created", "created"]
    assert bench.emit(draft("1", 1, name="February")) == ["updated"]
    gate.closed = "January"
    assert bench.commit() == {
        **dict.fromkeys(("updated", "unchanged", "retired"), 0),
        "created": 2,
        "failed": 1,
        "by_type": {"customer": {"created": 2, "failed": 1}},
        "by_reason": {"period_closed": 1},
    }
    assert {key: one["versions"] for key, one in bench.documents().items()} == {"1": 1, "2": 1}


def test_a_gate_has_no_say_in_what_changes_nothing(store, clock):
    """A record that is as it was stays unchanged, whatever was closed since."""
    gate = ClosedPeriod()
    gate.closed = "nothing"
    bench = Bench(store, clock, [gate])
    bench.sent(draft("1", 1, name="January"))
    gate.closed = "January"
    assert bench.sent(draft("1", 1, name="January")) == ["unchanged"]
    assert bench.sent(draft("1", 1, name="January", balance="1")) == ["period_closed"]


def test_the_reasons_are_those_of_the_law():
    """A closed set, of which one may be sent again."""
    assert {str(one) for one in Reason} == {
        "validation_failed",
        "unknown_document_type",
        "idempotency_key_missing",
        "idempotency_scheme_changed",
        "payload_too_large",
        "not_json",
        "period_closed",
        "store_unavailable",
    }
    assert {str(one) for one in RETRYABLE} == {"store_unavailable"}


@pytest.mark.databases("sqlite")
def test_a_store_that_cannot_be_asked_is_the_records_reason_and_loses_nothing(bench):
    """Each record is told so, may be sent again, and is kept with its page as any other that was refused."""
    bench.sent(draft("1", 1), draft("9", 9))
    run = bench.new_run()
    away(bench.store, "documents")
    assert bench.emit(draft("1", 1, name="Ada"), draft("2", 2), ingest=run) == ["store_unavailable"] * 2
    away(bench.store, "documents", back=True)
    assert bench.emit(draft("3", 3), draft("1", 1), ingest=run) == ["created", "unchanged"]
    assert bench.commit(run)["by_reason"] == {"store_unavailable": 2}
    assert [json.loads(one["payload"])["name"] for one in bench.refused()] == ["Customer 2", "Ada"]
    assert bench.sent(draft("1", 1, name="Ada"), draft("2", 2)) == ["updated", "created"]


@pytest.mark.databases("sqlite")
def test_a_store_that_goes_away_while_the_law_is_asked_refuses_the_call(bench):
    """Between the look for keys and that for ids at the source; nothing of the call is staged."""
    run = bench.new_run()
    assert run.emit(1, "customers", "customer", [draft("1", 1)], continue_on_error=False, last=False) is None
    away(bench.store, "documents")
    answer = run.emit(1, "customers", "customer", [], continue_on_error=False, last=True)
    assert (answer.refused, [one.reason for one in answer.rejected]) == (True, ["store_unavailable"])
    away(bench.store, "documents", back=True)
    bench.commit(run)
    assert bench.documents() == {}


def away(store, table, *, back=False):
    """Take a table out of the store, so that asking for it fails as asking a database that is not there does."""
    names = (f"{table}_away", table) if back else (table, f"{table}_away")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {names[0]} RENAME TO {names[1]}")
