"""The laws of ingest against the real store: staged exactly, written with its page or not at all."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from tests.runtime.ingest.bench import ORG, ORIGIN

from levada import Draft, Failure
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.quarantine import Meant, QuarantineLibrary
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.documents import Documents
from levada_runtime.store.model import OrgRow


def draft(number, *, key=None, failure=None, time=None, **fields):
    payload = {"customer_id": str(number), "name": f"Customer {number}", **fields}
    return Draft(
        payload=None if failure else json.dumps(payload).encode(),
        idempotency_key=key or f"k:{number}",
        source_id=None,
        source_time=time,
        failure=failure,
        source_id_fixed=False,
    )


@pytest.fixture
def ingest(store):
    return Ingest(store, Registry(), ORIGIN)


@pytest.fixture
def library(store):
    return Library(store)


def emit(ingest, *drafts, strict=False, call=0, last=True, kind="customer"):
    return ingest.emit(call, "customers", kind, drafts, continue_on_error=not strict, last=last)


def commit(ingest, store, clock):
    with store.write() as uow:
        counts = ingest.write(uow, clock.now())
    ingest.clear()
    return counts.merged_into({})


def documents(library):
    return {one["idempotency_key"]: one for one in library.documents(ORG, retired=True, limit=1000).items}


def table_counts(store):
    with store.engine.connect() as connection:
        names = ("documents", "versions", "events", "pages", "quarantine")
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in names}


def test_nothing_is_written_before_the_page_is(ingest, store, library, clock):
    """A batch is answered with ids and hashes, and only its commit makes them true."""
    answer = emit(ingest, draft(1), draft(2))
    assert [str(one.outcome) for one in answer.accepted] == ["created", "created"]
    assert documents(library) == {}
    commit(ingest, store, clock)
    with store.engine.connect() as connection:
        stored = {row[0] for row in connection.exec_driver_sql("SELECT id FROM documents")}
    assert {one.document_id for one in answer.accepted} == stored


def test_the_same_payload_again_writes_nothing(ingest, store, clock):
    """Neither a document nor a version, an event or a page."""
    emit(ingest, draft(1), draft(2))
    commit(ingest, store, clock)
    before = table_counts(store)
    answer = emit(ingest, draft(1), draft(2))
    assert [str(one.outcome) for one in answer.accepted] == ["unchanged", "unchanged"]
    assert commit(ingest, store, clock)["unchanged"] == 2
    assert table_counts(store) == before


def test_two_spellings_of_one_amount_are_one_version_and_the_first_spelling_stays(ingest, store, library, clock):
    """The hash is over the normal form, the stored payload keeps what came first."""
    emit(ingest, draft(1, balance="5.0"))
    commit(ingest, store, clock)
    assert str(emit(ingest, draft(1, balance="5.00")).accepted[0].outcome) == "unchanged"
    commit(ingest, store, clock)
    assert documents(library)["k:1"]["payload"]["balance"] == "5.0"


def test_the_same_key_twice_in_one_batch_collapses_or_makes_versions_in_order(ingest, store, library, clock):
    """Equal payloads are one, different ones follow each other."""
    answer = emit(ingest, draft(1), draft(1), draft(1, name="B"), draft(1, name="C"))
    assert [str(one.outcome) for one in answer.accepted] == ["created", "unchanged", "updated", "updated"]
    commit(ingest, store, clock)
    one = documents(library)["k:1"]
    assert (one["version"], one["versions"], one["payload"]["name"]) == (3, 3, "C")
    versions = library.versions(ORG, one["id"])
    assert [version["payload"]["name"] for version in versions] == ["C", "B", "Customer 1"]


def test_an_all_or_nothing_call_with_one_invalid_record_keeps_nothing_of_it(ingest, store, library, clock):
    """However many frames it comes in; what was refused is quarantined all the same."""
    assert emit(ingest, draft(1), strict=True, call=7, last=False) is None
    answer = emit(ingest, draft(2, name=5), draft(3), strict=True, call=7)
    assert answer.refused
    assert [one.index for one in answer.rejected] == [1]
    emit(ingest, draft(4))
    commit(ingest, store, clock)
    assert set(documents(library)) == {"k:4"}
    assert table_counts(store)["quarantine"] == 1


def test_with_continue_on_error_valid_neighbours_are_kept(ingest, store, library, clock):
    """Each bad record fails alone, by its reason, with its path."""
    answer = emit(
        ingest,
        draft(1),
        draft(2, balance=12.5),
        draft(3, nmae="x"),
        draft(4, failure=Failure("not_json", "a NaN", "balance")),
        draft(5, connection_id="another"),
        draft(6),
    )
    assert [one.place for one in answer.accepted] == [0, 5]
    assert {one.index: (one.reason, one.errors[0].path) for one in answer.rejected} == {
        1: ("validation_failed", "balance"),
        2: ("validation_failed", "nmae"),
        3: ("not_json", "balance"),
        4: ("validation_failed", "connection_id"),
    }
    counts = commit(ingest, store, clock)
    assert (counts["created"], counts["failed"]) == (2, 4)
    assert set(documents(library)) == {"k:1", "k:6"}


def test_names_that_no_database_could_keep_are_refused_with_their_path(ingest, store, library, clock):
    """U+0000 is nowhere in PostgreSQL's text, so it is in nobody's; what was refused can be read all the same."""
    answer = emit(ingest, draft(1, key="k\x00"), draft("2\x00", key="k:2"), draft(3, name="in\x00side"))
    assert {one.errors[0].path for one in answer.rejected} == {"idempotency_key", "customer_id"}
    commit(ingest, store, clock)
    assert documents(library)["k:3"]["payload"]["name"] == "in\x00side"
    kept = QuarantineLibrary(store).page(ORG, Meant(), limit=10).items
    assert {one["idempotency_key"] for one in kept} == {"k\ufffd", "k:2"}


def test_pages_of_one_connection_that_are_committed_at_once_make_one_history(store, library, clock):
    """Several streams and webhooks may bring the same documents in one moment: no version is lost or given twice."""
    writers, keys = 6, 25

    def work(number):
        ingest = Ingest(store, Registry(), ORIGIN)
        for turn in range(3):
            emit(ingest, *(draft(key, name=f"{number}/{turn}") for key in range(keys)))
            commit(ingest, store, clock)

    with ThreadPoolExecutor(writers) as threads:
        for done in [threads.submit(work, number) for number in range(writers)]:
            done.result()
    held = documents(library)
    assert len(held) == keys
    for one in held.values():
        numbers = [version["version"] for version in library.versions(ORG, one["id"])]
        assert numbers == list(range(writers * 3, 0, -1))
        assert one["version"] == one["versions"] == writers * 3
    assert table_counts(store)["events"] == keys * writers * 3


def test_a_type_that_is_misspelt_is_refused_with_the_nearest(ingest):
    """Every record of the call fails, and the message says what was probably meant."""
    answer = emit(ingest, draft(1), kind="custmer")
    assert answer.rejected[0].reason == "unknown_document_type"
    assert "customer" in answer.rejected[0].message


def test_a_refused_record_is_quarantined_once_however_often_it_comes(ingest, store, library, clock):
    """The second time it is counted, and one that was discarded is open again."""
    for _ in range(3):
        emit(ingest, draft(2, balance=1))
        commit(ingest, store, clock)
    (item,) = QuarantineLibrary(store).page(ORG, Meant(), limit=10).items
    assert item["times"] == 3
    assert item["errors"][0]["path"] == "balance"
    QuarantineLibrary(store).discard(ORG, item["id"])
    assert QuarantineLibrary(store).page(ORG, Meant(), limit=10).items == []


def test_another_writer_between_answer_and_commit_is_decided_over(ingest, store, library, clock):
    """The commit decides again against the store as it is then; nothing is doubled."""
    emit(ingest, draft(1, name="ours"))
    rival = Ingest(store, Registry(), ORIGIN)
    emit(rival, draft(1, name="theirs"))
    commit(rival, store, clock)
    counts = commit(ingest, store, clock)
    assert (counts["created"], counts["updated"]) == (0, 1)
    one = documents(library)["k:1"]
    assert (one["version"], one["payload"]["name"]) == (2, "ours")


def test_an_older_record_is_kept_as_a_version_and_never_becomes_current(ingest, store, library, clock):
    """A poll and a webhook may race: the newest source time wins, whichever comes last."""
    new, old = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    emit(ingest, draft(1, name="new", updated_at=new.isoformat()))
    commit(ingest, store, clock)
    for _ in range(2):
        answer = emit(ingest, draft(1, name="old", updated_at=old.isoformat()))
        assert answer.accepted[0].superseded
        commit(ingest, store, clock)
    one = documents(library)["k:1"]
    assert (one["version"], one["versions"], one["payload"]["name"]) == (1, 2, "new")
    versions = library.versions(ORG, one["id"])
    assert [(version["version"], version["superseded"]) for version in versions] == [(2, True), (1, False)]
    assert table_counts(store)["events"] == 1


def test_of_all_that_come_too_late_the_store_is_asked_at_once(ingest, store, library, clock, monkeypatch):
    """Whether their documents have had them before, however many there are; what is said twice is one version."""
    new, old = datetime(2026, 2, 1, tzinfo=UTC).isoformat(), datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    emit(ingest, *[draft(at, name="new", updated_at=new) for at in range(20)])
    commit(ingest, store, clock)
    emit(ingest, *[draft(at, name="old", updated_at=old) for at in range(10)])
    commit(ingest, store, clock)
    asked, had = [], Documents.had
    monkeypatch.setattr(Documents, "had", lambda self, scope, late: asked.append(len(late)) or had(self, scope, late))
    late = [draft(at, name="old", updated_at=old) for at in range(20)]
    answer = emit(ingest, *late, *late)
    assert all(one.superseded for one in answer.accepted)
    commit(ingest, store, clock)
    assert asked == [20]
    assert {one["versions"] for one in documents(library).values()} == {2}


def test_a_retired_document_stays_readable_and_is_revived_by_its_key(ingest, store, library, clock):
    """Each turn makes one event, and none makes a second document."""
    emit(ingest, draft(1))
    commit(ingest, store, clock)
    ingest.retire("customers", "customer", "k:1", None)
    commit(ingest, store, clock)
    assert documents(library)["k:1"]["retired_at"] == clock.now().isoformat()
    assert library.documents(ORG, limit=10).items == []
    emit(ingest, draft(1))
    commit(ingest, store, clock)
    assert documents(library)["k:1"]["retired_at"] is None
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT source FROM events ORDER BY id").fetchall()
    assert [row[0] for row in found] == ["document.created", "document.retired", "document.updated"]


def test_every_version_says_where_it_came_from(ingest, store, library, clock):
    """Connection, connector, run, attempt, mode and time stand with each version."""
    emit(ingest, draft(1))
    commit(ingest, store, clock)
    found = documents(library)["k:1"]["provenance"]
    expected = {"connector": "acme", "connector_version": "1", "stream": "customers", "run": "run-1", "mode": "poll"}
    assert expected.items() <= found.items()
    assert (found["source_id"], found["idempotency_key"], found["contract_version"]) == ("1", "k:1", 1)
    assert found["ingested_at"] == clock.now().isoformat()


def test_observing_overlays_its_own_records_and_writes_nothing(store, ingest, clock):
    """Later records see earlier ones over all pages; the effects say what each would do."""
    emit(ingest, draft(1, balance="1"))
    commit(ingest, store, clock)
    before = table_counts(store)
    observing = Ingest(store, Registry(), ORIGIN, observing=True)
    emit(observing, draft(1, balance="2"), draft(2))
    observing.clear()
    emit(observing, draft(1, balance="3"), draft(2), draft(3, balance=4))
    observing.retire("customers", "customer", "k:2", None)
    observing.clear()
    found = [(one.idempotency_key, str(one.outcome)) for one in observing.effects.recorded]
    assert found == [
        ("k:1", "updated"),
        ("k:2", "created"),
        ("k:1", "updated"),
        ("k:2", "unchanged"),
        ("k:2", "retired"),
    ]
    steps = [one for one in observing.effects.recorded if one.idempotency_key == "k:1"]
    assert [(one.before["balance"], one.after["balance"]) for one in steps] == [("1", "2"), ("2", "3")]
    assert len(observing.effects.rejected) == 1
    assert table_counts(store) == before


def test_another_organisation_sees_none_of_it(ingest, store, library, clock):
    """Neither in lists nor by id."""
    from levada_runtime.foundation.errors import NotFoundFailure

    emit(ingest, draft(1), draft(2, balance=1))
    commit(ingest, store, clock)
    theirs = OrgRow(9, "theirs", clock.now())
    assert library.documents(theirs, limit=10).items == []
    assert QuarantineLibrary(store).page(theirs, Meant(state="all"), limit=10).items == []
    with pytest.raises(NotFoundFailure):
        library.document(theirs, documents(library)["k:1"]["id"])


@pytest.mark.parametrize("count", [1, 999, 2500])
def test_lists_go_on_where_the_page_before_ended(ingest, store, library, clock, count):
    """Every document is met exactly once."""
    emit(ingest, *(draft(number) for number in range(count)))
    commit(ingest, store, clock)
    seen, cursor = [], None
    while True:
        page = library.documents(ORG, limit=700, cursor=cursor)
        seen += [one["idempotency_key"] for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == count
