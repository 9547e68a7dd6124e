"""What else may keep a valid record out of the store: gates, and a store that cannot be asked."""

import json

import pytest
from tests.runtime.ingest.bench import Bench, away, draft

from levada import RecordError
from levada_runtime.ingest.gates import Problem
from levada_runtime.ingest.reasons import RETRYABLE, Reason


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
