"""A call that comes in parts: each is looked up as it comes, and looked at while the next is looked up."""

import pytest
from tests.runtime.ingest.bench import Bench, away, draft

from levada_runtime.ingest.service import Ingest
from levada_runtime.store.documents import Documents


@pytest.fixture
def bench(store, clock):
    return Bench(store, clock)


@pytest.mark.databases("sqlite")
def test_a_store_that_was_away_for_one_part_refuses_that_part(bench):
    """Those before and after it are taken, each under its place in the call."""
    run, how = bench.new_run(), {"continue_on_error": True}
    assert run.emit(1, "customers", "customer", [draft("1", 1), draft("2", 2)], **how, last=False) is None
    away(bench.store, "documents")
    assert run.emit(1, "customers", "customer", [draft("3", 3)], **how, last=False) is None
    away(bench.store, "documents", back=True)
    answer = run.emit(1, "customers", "customer", [draft("4", 4)], **how, last=True)
    assert [one.place for one in answer.accepted] == [0, 1, 3]
    assert [(one.index, one.reason) for one in answer.rejected] == [(2, "store_unavailable")]
    assert bench.commit(run)["by_reason"] == {"store_unavailable": 1}


def test_a_part_of_a_call_that_was_given_up_is_let_go(bench):
    """A child that failed half-way hands over something else; what waited to be looked at is not taken for that."""
    run, how = bench.new_run(), {"continue_on_error": True}
    assert run.emit(1, "customers", "customer", [draft("1", 1)], **how, last=False) is None
    answer = run.emit(2, "customers", "customer", [draft("2", 2)], **how, last=True)
    assert [one.idempotency_key for one in answer.accepted] == ["2"]
    bench.commit(run)
    assert set(bench.documents()) == {"2"}


def test_a_part_is_looked_at_while_the_next_is_looked_up(bench, monkeypatch):
    """PostgreSQL looks in its own time; SQLite, which is in the process itself, has answered before there is any."""
    done, known, admit = [], Documents.known, Ingest._admit

    def looking_up(*asked):
        done.append("asked")
        found = known(*asked)
        done.append("answered")
        return found

    def looking_at(self, part):
        done.append(part.drafts[0].idempotency_key)
        return admit(self, part)

    monkeypatch.setattr(Documents, "known", looking_up)
    monkeypatch.setattr(Ingest, "_admit", looking_at)
    assert bench.emit(draft("1", 1), draft("2", 2), draft("3", 3), frames=1) == ["created"] * 3
    meanwhile = {
        "postgresql": ["asked", "answered", "asked", "1", "answered", "asked", "2", "answered", "3"],
        "sqlite": ["asked", "answered", "asked", "answered", "1", "asked", "answered", "2", "3"],
    }
    assert done == meanwhile[bench.store.engine.dialect.name]
