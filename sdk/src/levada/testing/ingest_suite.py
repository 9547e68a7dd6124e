"""The laws of ingest, for anything that calls itself one: subclass `IngestLaws` and give the fixture `ingest_bench`.

The fixture returns a callable that makes a fresh, empty bench: an `IngestBench` over a memory, or over the real thing
with its store. Each law is tried as a property, on what Hypothesis draws for it, and told in examples that can be read;
both need `levada-sdk[testing]`. The end of a test session says of each law how often it was tried, and from which seed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from levada._ingest import FailedRecord
from levada.errors import BadRecord, BatchRejected
from levada.testing.ingest_bench import CUSTOMER, Benches, IngestBench, customer, key_of, take
from levada.testing.ingest_laws import FIRST_LAWS
from levada.testing.laws import Law, place_of, seed_of
from levada.testing.plugin import EXAMPLES, REPORT
from levada.testing.refusal_laws import LAST_LAWS
from levada.testing.scheme_suite import SchemeLaws

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LAWS = (*FIRST_LAWS, *LAST_LAWS)


class IngestLaws(SchemeLaws):
    """Each test is a law, or one consequence of it."""

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: f"law-{law.number}")
    def test_law(
        self,
        ingest_bench: Benches,
        law: Law,
        request: pytest.FixtureRequest,
        record_property: Callable[[str, object], None],
    ) -> None:
        """A law as a property: of whatever can be drawn for it."""
        seed, examples, told = seed_of(request.config), request.config.getoption(EXAMPLES), "broken"
        try:
            told = f"held by {law.hold(ingest_bench, seed=seed, examples=examples)} examples"
        finally:
            record_property(REPORT, f"{law}: {place_of(request)}: {told}, seed {seed}")

    def test_a_new_key_makes_a_document(self, ingest_bench: Benches) -> None:
        """A committed record is a document, with the event of its making and its provenance."""
        bench = ingest_bench()
        result = bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key_of)
        bench.commit_page()
        assert (result.status, result.outcome) == ("ingested", "created")
        assert result.document_id
        assert result.document_version_id
        assert result.payload_hash
        assert result.provenance["source_id"] == "1"
        assert bench.documents()[key_of(customer())]["name"] == "Customer 1"
        assert bench.events() == [("document.created", key_of(customer()))]

    def test_the_same_key_and_payload_write_nothing(self, ingest_bench: Benches) -> None:
        """Law 1: the second time is unchanged, has the existing ids, and tells nobody."""
        bench = ingest_bench()
        first = bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key_of)
        bench.commit_page()
        again = bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key_of)
        bench.commit_page()
        assert again.outcome == "unchanged"
        assert (again.document_id, again.document_version_id) == (first.document_id, first.document_version_id)
        assert len(bench.versions(key_of(customer()))) == 1
        assert len(bench.events()) == 1

    def test_the_same_key_with_a_new_payload_makes_a_second_version(self, ingest_bench: Benches) -> None:
        """Law 1: one document, two versions, the newer in force."""
        bench = ingest_bench()
        first = bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key_of)
        bench.commit_page()
        second = bench.ingest.canonical(CUSTOMER, customer(name="Ada"), idempotency_key=key_of)
        bench.commit_page()
        assert second.outcome == "updated"
        assert second.document_id == first.document_id
        assert second.document_version_id != first.document_version_id
        assert [one["name"] for one in bench.versions(key_of(customer()))] == ["Customer 1", "Ada"]
        assert bench.documents()[key_of(customer())]["name"] == "Ada"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"balance": "5.0"}, {"balance": "5.00"}),
            ({"balance": "5"}, {"balance": "05.000"}),
            ({"balance": "-0.00"}, {"balance": "0"}),
            ({"updated_at": "2026-01-01T12:00:00Z"}, {"updated_at": "2026-01-01T13:00:00.000+01:00"}),
            ({"metadata": {"a": 1, "b": {"c": 2, "d": 3}}}, {"metadata": {"b": {"d": 3, "c": 2}, "a": 1}}),
            ({}, {"metadata": {}}),
        ],
    )
    def test_one_value_in_two_spellings_is_one_version(
        self, ingest_bench: Benches, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        """Law 2: the hash is over the normal form, and the stored payload keeps the spelling first seen."""
        bench = ingest_bench()
        take(bench, customer(**one))
        bench.commit_page()
        kept = bench.documents()[key_of(customer())]
        assert take(bench, customer(**other)) == ["unchanged"]
        bench.commit_page()
        assert bench.documents()[key_of(customer())] == kept
        if "balance" in one:
            assert kept["balance"] == one["balance"]

    def test_only_the_current_version_is_compared_with(self, ingest_bench: Benches) -> None:
        """Law 2: A, B and A again are three versions."""
        bench = ingest_bench()
        for name in ("A", "B", "A"):
            take(bench, customer(name=name))
            bench.commit_page()
        assert [one["name"] for one in bench.versions(key_of(customer()))] == ["A", "B", "A"]

    def test_a_batch_is_all_or_nothing(self, ingest_bench: Benches) -> None:
        """Law 3: one invalid record rejects the call, naming every invalid one; nothing of the call is kept."""
        bench = ingest_bench()
        take(bench, customer(1))
        with pytest.raises(BatchRejected) as caught:
            take(bench, customer(2), customer(3, name=None), customer(4), customer(5, balance=1.5))
        bench.commit_page()
        assert [failed.index for failed in caught.value.failed_records] == [1, 3]
        assert set(bench.documents()) == {key_of(customer(1))}

    def test_continuing_keeps_what_is_valid(self, ingest_bench: Benches) -> None:
        """Law 3: with `continue_on_error` the counts add up, and the invalid ones are returned and quarantined."""
        bench = ingest_bench()
        payloads = [customer(1), customer(2, name=None), customer(3)]
        batch = bench.ingest.batch(CUSTOMER, payloads, idempotency_key=key_of, continue_on_error=True)
        bench.commit_page()
        assert (batch.count, batch.imported, batch.failed, batch.created) == (3, 2, 1, 2)
        assert [result.index for result in batch.results] == [0, 2]
        failed = batch.failed_records[0]
        assert (failed.reason, failed.index, failed.retryable) == ("validation_failed", 1, False)
        assert failed.idempotency_key == key_of(customer(2))
        assert [error.path for error in failed.errors] == ["name"]
        assert bench.quarantined() == ["validation_failed"]
        assert set(bench.documents()) == {key_of(customer(1)), key_of(customer(3))}

    def test_one_invalid_record_raises_bad_record(self, ingest_bench: Benches) -> None:
        """`canonical` raises for an invalid payload."""
        bench = ingest_bench()
        with pytest.raises(BadRecord, match="name"):
            bench.ingest.canonical(CUSTOMER, customer(name=None), idempotency_key=key_of)

    def test_a_key_twice_in_one_batch(self, ingest_bench: Benches) -> None:
        """Law 4: equal payloads collapse to one; different ones make versions in order."""
        bench = ingest_bench()
        outcomes = take(bench, customer(), customer(), customer(name="Ada"), customer(2), customer())
        bench.commit_page()
        assert outcomes == ["created", "unchanged", "updated", "created", "updated"]
        assert [one["name"] for one in bench.versions(key_of(customer()))] == ["Customer 1", "Ada", "Customer 1"]

    def test_a_page_commits_with_its_checkpoint_or_not_at_all(self, ingest_bench: Benches) -> None:
        """Law 5: before the commit nothing is there; a dropped page leaves neither records, events nor checkpoint."""
        bench = ingest_bench()
        take(bench, customer(1))
        assert not bench.documents()
        bench.commit_page(since="one")
        take(bench, customer(1, name="Ada"), customer(2))
        bench.ingest.retire(CUSTOMER, idempotency_key=key_of(customer(2)))
        bench.drop_page()
        assert bench.checkpoint() == {"since": "one"}
        assert bench.documents()[key_of(customer(1))]["name"] == "Customer 1"
        assert set(bench.documents()) == {key_of(customer(1))}
        assert len(bench.events()) == 1
        assert take(bench, customer(2)) == ["created"]

    def test_the_page_overlays_what_is_committed(self, ingest_bench: Benches) -> None:
        """An answer counts the page's own earlier records, in this call and in those before."""
        bench = ingest_bench()
        take(bench, customer())
        bench.commit_page()
        assert take(bench, customer(name="Ada")) == ["updated"]
        assert take(bench, customer(name="Ada")) == ["unchanged"]
        assert take(bench, customer()) == ["updated"]

    @pytest.mark.parametrize("passed", [True, False])
    def test_an_older_record_never_replaces_a_newer_one(self, ingest_bench: Benches, passed: bool) -> None:
        """Law 6: by the contract's own field or by `source_time`, it becomes a version and not the current one."""
        bench = ingest_bench()

        def at(hours: int, name: str) -> dict[str, Any]:
            moment = NOON + timedelta(hours=hours)
            if passed:
                result = bench.ingest.canonical(
                    CUSTOMER, customer(name=name), idempotency_key=key_of, source_time=moment
                )
            else:
                payload = customer(name=name, updated_at=moment.isoformat())
                result = bench.ingest.canonical(CUSTOMER, payload, idempotency_key=key_of)
            bench.commit_page()
            return {"outcome": result.outcome, "superseded": result.provenance.get("superseded", False)}

        assert at(2, "newer") == {"outcome": "created", "superseded": False}
        assert at(1, "older") == {"outcome": "unchanged", "superseded": True}
        assert at(1, "older") == {"outcome": "unchanged", "superseded": True}
        assert [one["name"] for one in bench.versions(key_of(customer()))] == ["newer", "older"]
        assert bench.documents()[key_of(customer())]["name"] == "newer"
        assert at(3, "newest") == {"outcome": "updated", "superseded": False}
        assert bench.documents()[key_of(customer())]["name"] == "newest"

    def test_retired_and_revived(self, ingest_bench: Benches) -> None:
        """A retired document is not current; its key ingested again revives it."""
        bench = ingest_bench()
        take(bench, customer())
        bench.commit_page()
        retired = bench.ingest.retire(CUSTOMER, idempotency_key=key_of(customer()))
        bench.commit_page()
        assert retired.outcome == "retired"
        assert not bench.documents()
        assert len(bench.versions(key_of(customer()))) == 1
        assert bench.events()[-1] == ("document.retired", key_of(customer()))
        assert take(bench, customer()) == ["updated"]
        bench.commit_page()
        assert set(bench.documents()) == {key_of(customer())}

    def test_retiring_what_is_unknown_changes_nothing(self, ingest_bench: Benches) -> None:
        """There is nothing to retire, and nobody is told."""
        bench = ingest_bench()
        assert bench.ingest.retire(CUSTOMER, idempotency_key="source:customer:9").outcome == "unchanged"
        bench.commit_page()
        assert not bench.events()

    @pytest.mark.parametrize(
        ("payload", "how", "reason"),
        [
            (customer(naem="Ada"), {}, "validation_failed"),
            (customer(), {"idempotency_key": lambda _: ""}, "idempotency_key_missing"),
            (customer(), {"idempotency_key": lambda payload: payload["missing"]}, "idempotency_key_missing"),
            (customer(metadata={"much": "x" * (5 << 20)}), {}, "payload_too_large"),
        ],
    )
    def test_reasons_are_a_closed_set(
        self, ingest_bench: Benches, payload: dict[str, Any], how: dict[str, Any], reason: str
    ) -> None:
        """Law 8: what fails says why in one of the known words, fails alone, and is not to be sent again."""
        failed = _failing(ingest_bench(), payload, how)
        assert (failed.reason, failed.retryable) == (reason, False)

    def test_an_unknown_document_type_names_the_nearest(self, ingest_bench: Benches) -> None:
        """Law 8: the reason is its own, and the message helps."""
        batch = ingest_bench().ingest.batch("custmer", [customer()], idempotency_key=key_of, continue_on_error=True)
        assert batch.failed_records[0].reason == "unknown_document_type"
        assert "'customer'" in batch.failed_records[0].message

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), "\ud800", 2**70, b"bytes", {1, 2}, {1: "one"}], ids=repr
    )
    def test_what_is_not_json_fails_alone(self, ingest_bench: Benches, value: Any) -> None:
        """Law 9: the record fails with the path of the value, and its neighbours are kept."""
        bench = ingest_bench()
        payloads = [customer(1), customer(2, metadata={"odd": [0, value]}), customer(3)]
        batch = bench.ingest.batch(CUSTOMER, payloads, idempotency_key=key_of, continue_on_error=True)
        bench.commit_page()
        assert [failed.reason for failed in batch.failed_records] == ["not_json"]
        assert "metadata.odd[1]" in (batch.failed_records[0].errors[0].path or batch.failed_records[0].message)
        assert len(bench.documents()) == 2

    def test_another_connection_is_refused(self, ingest_bench: Benches) -> None:
        """A payload that names another connection is not taken for this one's."""
        failed = _failing(ingest_bench(), customer(connection_id="somebody-else"), {})
        assert [error.path for error in failed.errors] == ["connection_id"]


def _failing(bench: IngestBench, payload: dict[str, Any], how: Mapping[str, Any]) -> FailedRecord:
    told: dict[str, Any] = {"idempotency_key": key_of, **how}
    batch = bench.ingest.batch(CUSTOMER, [payload], continue_on_error=True, **told)
    bench.commit_page()
    assert not bench.documents()
    return batch.failed_records[0]
