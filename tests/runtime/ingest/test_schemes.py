"""Law 7 against the real store: a source whose keys are spelt anew is refused, until an operator accepts the scheme."""

import json
from dataclasses import replace

import pytest
from tests.runtime.ingest.bench import ORIGIN, SCHEME, draft


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
